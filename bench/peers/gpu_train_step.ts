// deno-lint-ignore-file no-console -- the figures are the output

/**
 * Training steps of the same models on this GPU: denolm (cuda device, bfloat16, the step as a graph and without) and
 * PyTorch (eager, torch.compile, and that with CUDA graphs, its mode reduce-overhead; autocast to bfloat16), by turns
 * in one run. Prints a table for bench/LOG.md: tokens per second, share of the products' measured peak (MFU),
 * milliseconds of the GPU and of the clock for a step, most memory.
 *
 * Usage: deno run -A bench/peers/gpu_train_step.ts --python PYTHON [--models tinystories,gpt2-small,gpt2-medium]
 * [--batches N,N] [--steps 10] [--rounds 7] [--contenders graph,queued,eager,compile,reduce-overhead] [--vocab N];
 * PYTHON has torch. Batches are 64, 128, 256 and 512 for tinystories, 4 and 8 for others, if left out: all contenders
 * are in the GPU's memory at once, and of a GPU of 80 GB gpt2-medium takes most (queued, which is denolm once more, and
 * reduce-overhead only join tinystories unless they are named). --vocab takes another vocabulary than the model's:
 * 50304 for GPT-2's 50,257 shows what rows of logits cost that are not aligned.
 */

import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { CudaBackend } from "../../ffi/cuda/cuda_backend.ts";
import { account } from "../../lib/accounting/account.ts";
import { measureDevice } from "../../lib/accounting/measured_device.ts";
import { modelPreset } from "../../lib/accounting/model_presets.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Trainer } from "../../lib/training/trainer.ts";
import { parseTrainingConfig, type TrainingConfig } from "../../lib/training/training_config.ts";
import { PythonPeer, useLibrariesOf } from "./python_peer.ts";

const options = parseArgs(Deno.args, {
  string: ["python", "models", "batches", "steps", "rounds", "contenders", "vocab", "peak-width", "torch-device"],
  default: {
    models: "tinystories,gpt2-small,gpt2-medium",
    steps: "10",
    rounds: "7",
    "peak-width": "8192",
    "torch-device": "cuda",
  },
});
useLibrariesOf(options.python);
const [steps, rounds] = [Number(options.steps), Number(options.rounds)];

function contendersFor(name: string): string[] {
  // Where launches count, each of the two also in its other way.
  const isSmall = name === "tinystories";
  const own = isSmall || !options.python ? "graph,queued" : "graph";
  const torches = isSmall ? "eager,compile,reduce-overhead" : "eager,compile";
  return (options.contenders ?? (options.python ? `${own},${torches}` : own)).split(",");
}

/** What a turn of `steps` steps took. */
const Turn = z.object({ seconds: z.number(), milliseconds: z.number(), bytes: z.number() });
type Turn = z.output<typeof Turn>;

interface Contender extends AsyncDisposable {
  turn(): Turn | Promise<Turn>;
}

function ours(config: TrainingConfig, graphs: boolean): Contender {
  const backend = new CudaBackend({ graphs });
  const device = new Device(backend);
  const trainer = new Trainer(device, config);
  const ids = () =>
    Int32Array.from(
      { length: config.batch_size * config.model.context_length },
      () => Math.random() * config.model.vocab_size,
    );
  const batch = { inputs: ids(), targets: ids() };
  return {
    turn() {
      device.synchronize();
      const start = performance.now();
      const milliseconds = backend.measure(() => {
        for (let step = 0; step < steps; step++) trainer.step([batch]);
      });
      trainer.readResults();
      return { seconds: (performance.now() - start) / 1000, milliseconds, bytes: device.memory.reservedBytes };
    },
    async [Symbol.asyncDispose]() {
      trainer[Symbol.dispose]();
      await Promise.resolve(device[Symbol.dispose]());
    },
  };
}

function torch(config: TrainingConfig, mode: string): Contender {
  const settings = JSON.stringify({ ...config.model, batch_size: config.batch_size });
  const peer = new PythonPeer(options.python!, "gpu_train_step.py", [
    settings,
    mode,
    String(steps),
    options["torch-device"],
  ]);
  return {
    turn: async () => Turn.parse(await peer.ask("steps")),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

function open(name: string, config: TrainingConfig): Contender {
  if (name === "graph" || name === "queued") return ours(config, name === "graph");
  if (name === "eager" || name === "compile" || name === "reduce-overhead") return torch(config, name);
  throw new RangeError(
    `Cannot measure "${name}": it is not known; try graph, queued, eager, compile or reduce-overhead`,
  );
}

function flopsPerToken(model: TrainingConfig["model"]): number {
  const { forward } = account({
    ...{ model, batchSize: 1, precision: "bfloat16", scores: "fused", attention: "causal" },
    ...{ promptLength: 1, generatedTokens: 1 },
  });
  return 3 * Number(forward.total!.value) / model.context_length;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

using device = new Device(new CudaBackend());
const { peakFlops } = measureDevice(device, { memoryBytes: 0n, width: Number(options["peak-width"]), copied: 1 << 16 });
console.log(
  `${device.backend.description}\nmeasured peak in bfloat16: ${(peakFlops.bfloat16! / 1e12).toFixed(1)} TFLOP/s\n`,
);
console.log("| model | batch | who | tokens/s | MFU | GPU ms a step | clock ms a step | most memory, GB |");
console.log("| ----- | ----- | --- | -------- | --- | ------------- | --------------- | --------------- |");
for (const name of options.models.split(",")) {
  const preset = modelPreset(name);
  const model = { ...preset, vocab_size: Number(options.vocab ?? preset.vocab_size) };
  const contenders = contendersFor(name);
  const batches = options.batches ?? (name === "tinystories" ? "64,128,256,512" : "4,8");
  for (const batch_size of batches.split(",").map(Number)) {
    const config = parseTrainingConfig({ model, batch_size, precision: "bfloat16", log_every: steps });
    const tokens = steps * batch_size * model.context_length;
    const opened = contenders.map((contender) => open(contender, config));
    const turns: Turn[][] = contenders.map(() => []);
    for (let round = -1; round < rounds; round++) {
      for (const [i, contender] of opened.entries()) {
        const turn = await contender.turn();
        if (round >= 0) turns[i].push(turn); // The first compiles and takes memory.
      }
    }
    for (const [i, contender] of contenders.entries()) {
      const seconds = median(turns[i].map((turn) => turn.seconds));
      const milliseconds = median(turns[i].map((turn) => turn.milliseconds));
      const bytes = Math.max(...turns[i].map((turn) => turn.bytes));
      const mfu = tokens / seconds * flopsPerToken(config.model) / peakFlops.bfloat16!;
      const cells = [
        ...[name, batch_size, contender, (tokens / seconds).toFixed(0), `${(100 * mfu).toFixed(1)} %`],
        ...[(milliseconds / steps).toFixed(3), (1000 * seconds / steps).toFixed(3), (bytes / 1e9).toFixed(2)],
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
    for (const contender of opened) await contender[Symbol.asyncDispose]();
  }
}
