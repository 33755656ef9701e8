// deno-lint-ignore-file no-console -- the figures are the output
/**
 * Matrix products of a Transformer's shapes on the cpu and blas devices and in PyTorch, in turns: rounds of A B A B,
 * medians and best of GFLOP/s.
 *
 * Usage: deno run -A bench/matmul.ts [THREADS] [PYTHON]; PYTHON (an interpreter with torch) adds the peer.
 */

import { openDevice } from "../ffi/devices.ts";
import type { Device } from "../lib/tensor/device.ts";

const threads = Number(Deno.args[0] ?? navigator.hardwareConcurrency);
const python = Deno.args[1];
const ROUNDS = 9;

// [m, k, n], b as [n, k] like a linear layer's weight: projections, feed-forward, head; and one token through the head.
const shapes = [[2048, 512, 512], [2048, 512, 1344], [2048, 1344, 512], [2048, 512, 10_000], [1, 512, 10_000]];

const peer = `
import sys, time, torch
torch.set_num_threads(${threads})
shapes = ${JSON.stringify(shapes)}
data = [(torch.randn(m, k), torch.randn(n, k)) for m, k, n in shapes]
for line in sys.stdin:
    a, b = data[int(line)]
    repeats = max(1, int(2e8 / (a.shape[0] * a.shape[1] * b.shape[0])))
    start = time.perf_counter()
    for _ in range(repeats): a @ b.T
    print((time.perf_counter() - start) / repeats, flush=True)
`;

function secondsOn(device: Device, [m, k, n]: number[]): () => number {
  const arena = device.arena("bench");
  const [a, b, c] = [m * k, n * k, m * n].map((length) => arena.alloc(length, "f32"));
  device.fill({ x: a, value: 0.5 });
  device.fill({ x: b, value: 0.25 });
  const repeats = Math.max(1, Math.floor(2e8 / (m * k * n)));
  return () => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) device.matmul({ a, b, c, m, n, k, transposeB: true });
    return (performance.now() - start) / 1000 / repeats;
  };
}

const devices = (["cpu", "blas"] as const).flatMap((name) => {
  try {
    return [openDevice(name, { threads })];
  } catch (error) {
    console.error(String(error));
    return [];
  }
});
const child = python === undefined
  ? undefined
  : new Deno.Command(python, { args: ["-c", peer], stdin: "piped", stdout: "piped" }).spawn();
const answers = child?.stdout.pipeThrough(new TextDecoderStream()).getReader();
const questions = child?.stdin.getWriter();
async function secondsInPeer(shape: number): Promise<number> {
  await questions!.write(new TextEncoder().encode(`${shape}\n`));
  let line = "";
  while (!line.endsWith("\n")) line += (await answers!.read()).value ?? "NaN\n";
  return Number(line);
}

for (const device of devices) console.log(`${device.name}: ${device.backend.description}`);
for (const [index, shape] of shapes.entries()) {
  const contenders: [name: string, run: () => number | Promise<number>][] = devices.map((
    device,
  ) => [device.name, secondsOn(device, shape)]);
  if (child) contenders.push(["torch", () => secondsInPeer(index)]);
  const times = contenders.map(() => [] as number[]);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [which, [, run]] of contenders.entries()) {
      // Threads of the contender before may still be spinning.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const seconds = await run();
      if (round > 0) times[which].push(seconds);
    }
  }
  const [m, k, n] = shape;
  const figures = contenders.map(([name], which) => {
    const sorted = times[which].sort((x, y) => x - y);
    const [best, median] = [sorted[0], sorted[sorted.length >> 1]].map((s) => (2e-9 * m * k * n / s).toFixed(1));
    return `${name} ${median} (best ${best})`;
  });
  console.log(`${shape.join(" x ").padEnd(18)} GFLOP/s: ${figures.join(", ")}`);
}
for (const device of devices) device[Symbol.dispose]();
await questions?.close();
await child?.status;
