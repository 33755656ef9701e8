// deno-lint-ignore-file no-console -- the figures are the output

/**
 * Training steps of the same models on this GPU: denolm (cuda device, bfloat16, the step as a graph and without) and
 * PyTorch (eager, torch.compile, that with the residual stream in bfloat16 as denolm has it, and with CUDA graphs, its
 * mode reduce-overhead; autocast to bfloat16), by turns in one run. Prints a table for bench/LOG.md: tokens per second,
 * share of the products' measured peak (MFU), milliseconds of the GPU and of the clock for a step, most memory.
 *
 * Usage: deno run -A bench/peers/gpu_train_step.ts --python PYTHON [--models tinystories,gpt2-small,gpt2-medium]
 * [--batches N,N] [--steps 10] [--rounds 7] [--contenders graph,queued,eager,compile,compile-bf16,reduce-overhead]
 * [--vocab N]; PYTHON has torch. Batches are 64, 128, 256 and 512 for tinystories, 4 and 8 for others, if left out.
 * Between its turns a contender keeps what it cannot do without: denolm all of its memory, PyTorch the weights and
 * what graphs use. So queued, which is denolm once more, and reduce-overhead only join small models and batches unless
 * they are named. For whom the memory does not suffice, the table says so. --vocab takes another vocabulary than the
 * model's: 50304 for GPT-2's 50,257 shows what rows of logits cost that are not aligned.
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

// Where launches count, denolm and PyTorch each in its other way too.
const FEW_SEQUENCES = 128;

function contendersFor(name: string, batchSize: number): string[] {
  const launchesCount = name === "tinystories" && batchSize <= FEW_SEQUENCES;
  const own = launchesCount || !options.python ? ["graph", "queued"] : ["graph"];
  const torches = ["eager", "compile", "compile-bf16", ...(launchesCount ? ["reduce-overhead"] : [])];
  return options.contenders?.split(",") ?? (options.python ? [...own, ...torches] : own);
}

/** What a turn of `steps` steps took. */
const Turn = z.object({ seconds: z.number(), milliseconds: z.number(), bytes: z.number() });
type Turn = z.output<typeof Turn>;

/** Or why there was none: the memory did not suffice. */
const Answer = z.union([Turn, z.object({ refused: z.string() })]);
type Answer = z.output<typeof Answer>;

interface Contender extends AsyncDisposable {
  turn(): Answer | Promise<Answer>;
}

function ours(config: TrainingConfig, graphs: boolean): Contender {
  const memory = new DisposableStack();
  const backend = new CudaBackend({ graphs });
  const device = memory.use(new Device(backend));
  const ids = () =>
    Int32Array.from(
      { length: config.batch_size * config.model.context_length },
      () => Math.random() * config.model.vocab_size,
    );
  const batch = { inputs: ids(), targets: ids() };
  let trainer: Trainer | undefined;
  return {
    turn() {
      try {
        trainer ??= memory.use(new Trainer(device, config));
        trainer.step([batch]);
        trainer.readResults();
        const start = performance.now();
        const milliseconds = backend.measure(() => {
          for (let step = 0; step < steps; step++) trainer!.step([batch]);
        });
        trainer.readResults();
        return { seconds: (performance.now() - start) / 1000, milliseconds, bytes: device.memory.reservedBytes };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return { refused: error.message };
      }
    },
    [Symbol.asyncDispose]() {
      memory.dispose();
      return Promise.resolve();
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
    turn: async () => Answer.parse(await peer.ask("steps")),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}

function open(name: string, config: TrainingConfig): Contender {
  if (name === "graph" || name === "queued") return ours(config, name === "graph");
  if (["eager", "compile", "compile-bf16", "reduce-overhead"].includes(name)) return torch(config, name);
  throw new RangeError(
    `Cannot measure "${name}": it is not known; try graph, queued, eager, compile, compile-bf16 or reduce-overhead`,
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
  const batches = options.batches ?? (name === "tinystories" ? "64,128,256,512" : "4,8");
  for (const batch_size of batches.split(",").map(Number)) {
    const config = parseTrainingConfig({ model, batch_size, precision: "bfloat16", log_every: steps });
    const tokens = steps * batch_size * model.context_length;
    const contenders = contendersFor(name, batch_size);
    const opened = contenders.map((contender) => open(contender, config));
    const turns: Turn[][] = contenders.map(() => []);
    const refused = new Map<string, string>();
    for (let round = -1; round < rounds; round++) {
      for (const [i, contender] of opened.entries()) {
        if (refused.has(contenders[i])) continue;
        const answer = await contender.turn();
        if ("refused" in answer) {
          refused.set(contenders[i], answer.refused);
          await contender[Symbol.asyncDispose]();
        } else if (round >= 0) {
          turns[i].push(answer); // The first compiles and takes memory.
        }
      }
    }
    for (const [i, contender] of contenders.entries()) {
      if (refused.has(contender)) {
        console.log(`| ${name} | ${batch_size} | ${contender} | - | - | - | - | - | ${refused.get(contender)}`);
        continue;
      }
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
    for (const [i, contender] of opened.entries()) {
      if (!refused.has(contenders[i])) await contender[Symbol.asyncDispose]();
    }
  }
}
