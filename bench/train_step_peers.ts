// deno-lint-ignore-file no-console -- the figures are the output

/**
 * Training steps (forward, backward, clipping, AdamW) of the same model on the cpu and blas devices and in PyTorch,
 * eager and compiled, in turns on the same threads: tokens per second, median and best of the rounds, and the
 * processor's time for a step, which other work on the machine disturbs less (Linux only). With one of ours alone, also
 * what the process keeps in memory beside what was predicted.
 *
 * Usage: deno run -A bench/train_step_peers.ts [BATCH_SIZE] [ROUNDS] [PYTHON] [THREADS] [CONTENDERS]; PYTHON is an
 * interpreter with torch, or "-" for none; CONTENDERS is a comma-separated part of cpu,blas,eager,compile.
 */

import { openDevice } from "../ffi/devices.ts";
import { implementationMemory } from "../lib/accounting/implementation_memory.ts";
import { valuesOf } from "../lib/accounting/model_shape.ts";
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
  readonly pid: number;
  /** Seconds of one training step. */
  step(): number | Promise<number>;
}

// Seconds that a process has had of processors, all threads together; NaN where the system does not say, or the process
// has ended. /proc/PID/stat holds them in hundredths.
function processorSeconds(pid: number): number {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NaN;
    throw error;
  }
}

function ours(name: "cpu" | "blas"): Contender {
  const device = openDevice(name, { threads });
  const trainer = new Trainer(device, config);
  const ids = () => Int32Array.from({ length: tokensPerStep }, () => Math.random() * config.model.vocab_size);
  const batch = { inputs: ids(), targets: ids() };
  return {
    name,
    description: device.backend.description,
    pid: Deno.pid,
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
  const script = decodeURIComponent(new URL("train_step_peer.py", import.meta.url).pathname);
  const settings = JSON.stringify({ ...config.model, batch_size: config.batch_size });
  const args = [script, settings, mode, String(threads)];
  const child = new Deno.Command(python, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const questions = child.stdin.getWriter();
  return {
    name: mode,
    description: "PyTorch",
    pid: child.pid,
    async step() {
      await questions.write(new TextEncoder().encode("step\n"));
      let line = "";
      while (!line.endsWith("\n")) {
        const { value, done } = await answers.read();
        if (done) {
          throw new Error(`Cannot measure ${mode}: ${python} has ended; run it with ${args.join(" ")} to see why`);
        }
        line += value;
      }
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
const processor = contenders.map(() => [] as number[]);
for (let round = -1; round < Number(rounds); round++) {
  for (const [i, contender] of contenders.entries()) {
    const before = processorSeconds(contender.pid);
    const duration = await contender.step();
    const used = processorSeconds(contender.pid) - before;
    // The first round compiles and touches memory for the first time.
    if (round < 0) continue;
    seconds[i].push(duration);
    processor[i].push(used);
  }
}
const [sorted, sortedProcessor] = [seconds, processor].map((all) => all.map((values) => values.sort((a, b) => a - b)));
const medianOf = (values: number[]) => values[values.length >> 1];
const eager = contenders.findIndex(({ name }) => name === "eager");
for (const [i, { name }] of contenders.entries()) {
  const [median, best] = [medianOf(sorted[i]), sorted[i][0]].map((s) => (tokensPerStep / s).toFixed(0));
  const ofEager = eager < 0 ? "" : `, ${(medianOf(sorted[eager]) / medianOf(sorted[i])).toFixed(2)} of eager`;
  const work = medianOf(sortedProcessor[i]).toFixed(2);
  console.log(`${name}: ${median} tokens/s, best ${best}${ofEager}; ${work} s of processors a step`);
}
if (contenders.length === 1 && contenders[0].pid === Deno.pid && Deno.build.os === "linux") {
  const resident = Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))![1]) * 1024;
  const { total } = implementationMemory(config.model, { ...valuesOf(config.model), b: BigInt(config.batch_size) });
  const [seen, predicted] = [resident, Number(total)].map((bytes) => (bytes / 2 ** 20).toFixed(0));
  console.log(
    `resident at most: ${seen} MiB, ${(resident / Number(total)).toFixed(2)} of the ${predicted} MiB predicted`,
  );
}
for (const contender of contenders) await contender[Symbol.asyncDispose]();
