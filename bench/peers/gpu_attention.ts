// deno-lint-ignore-file no-console -- the figures are the output

/**
 * Causal attention in bfloat16 on this GPU, forward and backward: denolm's kernels beside those of PyTorch's
 * scaled_dot_product_attention, one by one, by turns. Prints a table for bench/LOG.md: milliseconds, and TFLOP/s with
 * the products of visible pairs counted (2 forward, 5 backward).
 *
 * Usage: deno run -A bench/peers/gpu_attention.ts --python PYTHON [--shapes 64x16x256x32,8x12x1024x64] [--rounds 7]
 * [--repetitions 20] [--kernels flash,efficient,cudnn,math]; a shape is batch x heads x length x head size.
 */

import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { CudaBackend } from "../../ffi/cuda/cuda_backend.ts";
import { Device } from "../../lib/tensor/device.ts";
import { fillWithNormals } from "../../lib/tensor/fill_with_normals.ts";
import { PythonPeer, useLibrariesOf } from "./python_peer.ts";

const options = parseArgs(Deno.args, {
  string: ["python", "shapes", "rounds", "repetitions", "kernels", "torch-device"],
  default: {
    // The TinyStories model at batches 64 and 512, GPT-2 small and medium, and longer contexts.
    shapes: "64x16x256x32,512x16x256x32,16x12x1024x64,16x16x1024x64,4x16x4096x64,4x16x4096x128",
    rounds: "7",
    repetitions: "20",
    kernels: "flash,efficient,cudnn,math",
    "torch-device": "cuda",
  },
});
useLibrariesOf(options.python);
const [rounds, repetitions] = [Number(options.rounds), Number(options.repetitions)];

interface Shape {
  batch: number;
  heads: number;
  length: number;
  size: number;
}

const Times = z.object({ forward: z.number(), backward: z.number() });
const Answer = z.union([Times, z.object({ refused: z.string() })]);
type Times = z.output<typeof Times>;

function ours(backend: CudaBackend, device: Device, { batch, heads, length, size }: Shape): Times {
  using arena = device.arena("attention");
  const operand = () => {
    const slice = arena.alloc(batch * length * heads * size, "bf16");
    fillWithNormals(device, slice); // As the peer's are.
    return { slice, rowStride: heads * size, batchStride: length * heads * size };
  };
  const [q, k, v, out, dOut, dQ, dK, dV] = Array.from({ length: 8 }, operand);
  const logSumExp = arena.alloc(batch * heads * length, "f32");
  const args = {
    ...{ batch, queryLength: length, keyLength: length, numHeads: heads, numKvHeads: heads, headSize: size },
    ...{ causal: true, scale: 1 / Math.sqrt(size), q, k, v, out, logSumExp },
  };
  const time = (work: () => void) => {
    work();
    const repeated = () => {
      for (let i = 0; i < repetitions; i++) work();
    };
    return backend.measure(repeated) / repetitions;
  };
  return {
    forward: time(() => device.attention(args)),
    backward: time(() => device.attentionBackward({ ...args, dOut, dQ, dK, dV })),
  };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

const backend = new CudaBackend();
using device = new Device(backend);
await using peer = options.python
  ? new PythonPeer(options.python, "gpu_attention.py", [options["torch-device"]])
  : undefined;
console.log(`${backend.description}\n`);
console.log("| shape | kernel | forward, ms | TFLOP/s | backward, ms | TFLOP/s |");
console.log("| ----- | ------ | ----------- | ------- | ------------ | ------- |");
for (const text of options.shapes.split(",")) {
  const [batch, heads, length, size] = text.split("x").map(Number);
  const shape = { batch, heads, length, size };
  const contenders: string[] = ["denolm", ...(peer ? options.kernels.split(",") : [])];
  const times = new Map<string, Times[]>(contenders.map((name) => [name, []]));
  const refused = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const name of contenders) {
      if (refused.has(name)) continue;
      if (name === "denolm") {
        times.get(name)!.push(ours(backend, device, shape));
        continue;
      }
      const answer = Answer.parse(await peer!.ask(JSON.stringify({ ...shape, kernel: name, repetitions })));
      if ("refused" in answer) refused.set(name, answer.refused);
      else times.get(name)!.push(answer);
    }
  }
  // A causal query sees half of the keys and its own.
  const product = 2 * batch * heads * (length * (length + 1) / 2) * size;
  for (const name of contenders) {
    const cells = [["forward", 2], ["backward", 5]].flatMap(([pass, products]) => {
      if (refused.has(name)) return ["-", "-"];
      const milliseconds = median(times.get(name)!.map((one) => one[pass as keyof Times]));
      return [milliseconds.toFixed(3), (Number(products) * product / milliseconds / 1e9).toFixed(1)];
    });
    console.log(`| ${[text, name, ...cells].join(" | ")} |${refused.has(name) ? ` ${refused.get(name)}` : ""}`);
  }
}
