// deno-lint-ignore-file no-console -- the figures are the output

/**
 * Training steps (forward, backward, clipping, AdamW) of the same model on the cpu and blas devices and in PyTorch, eager and compiled, in
 * turns on the same threads: tokens per second, median and best of the rounds.
 *
 * Usage: deno run -A bench/train_step_peers.ts [BATCH_SIZE] [ROUNDS] [PYTHON] [THREADS] [CONTENDERS]; PYTHON is an interpreter with
 * torch, or "-" for none; CONTENDERS is a comma-separated part of cpu,blas,eager,compile.
 */

import { openDevice } from "../ffi/devices.ts";
import { Trainer } from "../lib/training/trainer.ts";
import { parseTrainingConfig } from "../lib/training/training_config.ts";

const [batchSize = "8", rounds = "5", python = "-", threadCount = `${navigator.hardwareConcurrency}`, names] =
  Deno.args;
const chosen = (names ?? (python === "-" ? "cpu,blas" : "cpu,blas,eager,compile")).split(",");
const threads = Number(threadCount);

const config = parseTrainingConfig({
  model: { vocab_size: 10_000, context_length: 256, num_layers: 4, d_model: 512, num_heads: 16, d_ff: 1344 },
  batch_size: Number(batchSize),
  log_every: 1,
});
const tokensPerStep = config.batch_size * config.model.context_length;

interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly description: string;
  /** Seconds of one training step. */
  step(): number | Promise<number>;
}

function ours(name: "cpu" | "blas"): Contender {
  const device = openDevice(name, { threads });
  const trainer = new Trainer(device, config);
  const ids = () => Int32Array.from({ length: tokensPerStep }, () => Math.random() * config.model.vocab_size);
  const batch = { inputs: ids(), targets: ids() };
  return {
    name,
    description: device.backend.description,
    step() {
      const start = performance.now();
      trainer.step([batch]);
      trainer.readResults();
      return (performance.now() - start) / 1000;
    },
    async [Symbol.asyncDispose]() {
      console.log(`${name}: ${(device.memory.peakBytes / 2 ** 20).toFixed(0)} MiB in use at most`);
      trainer[Symbol.dispose]();
      await Promise.resolve(device[Symbol.dispose]());
    },
  };
}

function torch(mode: "eager" | "compile"): Contender {
  const script = new URL("train_step_peer.py", import.meta.url).pathname;
  const settings = JSON.stringify({ ...config.model, batch_size: config.batch_size });
  const args = [script, settings, mode, String(threads)];
  const child = new Deno.Command(python, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const questions = child.stdin.getWriter();
  return {
    name: mode,
    description: "PyTorch",
    async step() {
      await questions.write(new TextEncoder().encode("step\n"));
      let line = "";
      while (!line.endsWith("\n")) line += (await answers.read()).value ?? "NaN\n";
      return Number(line);
    },
    async [Symbol.asyncDispose]() {
      await questions.close();
      await child.status;
    },
  };
}

const contenders: Contender[] = chosen.map((name) => {
  if (name === "cpu" || name === "blas") return ours(name);
  if (name === "eager" || name === "compile") return torch(name);
  throw new RangeError(`Cannot measure "${name}": it is not known; try cpu, blas, eager or compile`);
});
for (const { name, description } of contenders) console.log(`${name}: ${description}`);
const seconds = contenders.map(() => [] as number[]);
for (let round = -1; round < Number(rounds); round++) {
  for (const [i, contender] of contenders.entries()) {
    const duration = await contender.step();
    // The first round compiles and touches memory for the first time.
    if (round >= 0) seconds[i].push(duration);
  }
}
for (const [i, { name }] of contenders.entries()) {
  const sorted = seconds[i].sort((a, b) => a - b);
  const [median, best] = [sorted[sorted.length >> 1], sorted[0]].map((s) => (tokensPerStep / s).toFixed(0));
  console.log(`${name}: ${median} tokens/s, best ${best}`);
}
for (const contender of contenders) await contender[Symbol.asyncDispose]();
