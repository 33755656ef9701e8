import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { openSafetensors } from "../../lib/data/safetensors.ts";
import { readTrainingState } from "../../lib/training/checkpoint.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { DivergenceError } from "../../lib/training/divergence.ts";
import { evaluate } from "../../lib/training/evaluate.ts";
import { holdsRun } from "../../lib/training/experiment_record.ts";
import { type Metrics, readMetrics } from "../../lib/training/metrics.ts";
import { train, type TrainOptions, type TrainResult } from "../../lib/training/train_loop.ts";
import { Trainer } from "../../lib/training/trainer.ts";
import { parseTrainingConfig } from "../../lib/training/training_config.ts";
import { openDevice } from "../../ffi/devices.ts";
import { fullDisk } from "../data/full_disk.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { LimitedBackend } from "../tensor/limited_backend.ts";
import { referenceDevice, smallConfig, walk } from "./small_run.ts";

const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });
const validation = TokenDataset.fromIds(walk(500).subarray(400), { vocabSize: 12 });

// The reference device computes and stores in float64, which checkpoints do not; bits are compared on the cpu device.
const cpu = () => openDevice("cpu", { threads: 1 });

async function run<T>(options: Partial<TrainOptions>, use: (result: TrainResult, device: Device) => T): Promise<T> {
  using device = options.device ?? referenceDevice();
  using result = await train({ config: smallConfig(), data, validation, ...options, device });
  return use(result, device);
}

const weights = (result: TrainResult) => result.model.parameters.state();

/** What of metrics does not depend on the clock. */
function timeless(metrics: readonly Metrics[]): unknown[] {
  return metrics.map(({ seconds: _, tokens_per_second: __, ...rest }) => rest);
}

Deno.test("one batch overfits to a loss under 0.01", async () => {
  const config = parseTrainingConfig({
    model: { vocab_size: 50, context_length: 16, num_layers: 2, d_model: 32, num_heads: 4 },
    optimizer: { max_learning_rate: 0.01, weight_decay: 0 },
    batch_size: 4,
    steps: 150,
    overfit_one_batch: true,
  });
  const ids = Uint32Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 0).map((hash) => hash % 50);
  const noise = TokenDataset.fromIds(ids, { vocabSize: 50 });
  const device = cpu();
  await run({ config, data: noise, validation: undefined, device }, ({ loss }) => assert(loss < 0.01, `loss ${loss}`));
});

Deno.test("training to 2N steps equals training to N, stopping and resuming, bit for bit", async () => {
  using runs = new TemporaryFolder();
  const straight = await run({ device: cpu(), folder: runs.at("straight") }, weights);
  const half = smallConfig({ steps: 4, optimizer: { ...smallConfig().optimizer } });
  await run({ device: cpu(), folder: runs.at("halves"), config: half }, ({ step }) => assertEquals(step, 4));
  const halves = await run({ device: cpu(), folder: runs.at("halves"), resume: true }, weights);
  assertEquals(halves, straight);
  const lines = (name: string) => timeless(readMetrics(runs.at(`${name}/metrics.jsonl`))) as Metrics[];
  assertEquals(lines("halves").at(-1), lines("straight").at(-1));
  assertEquals(JSON.parse(Deno.readTextFileSync(runs.at("halves/config.json"))).steps, 8);
  using a = openSafetensors(runs.at("straight/checkpoints/step-00000008.safetensors"));
  using b = openSafetensors(runs.at("halves/checkpoints/step-00000008.safetensors"));
  for (const name of a.names) assertEquals(b.read(name), a.read(name));
});

Deno.test("a signal ends training after the step at hand with a checkpoint, and resuming changes no bit", async () => {
  using runs = new TemporaryFolder();
  const config = smallConfig({ checkpoint_every: 100, log_every: 100, steps: 7 });
  const straight = await run({ device: cpu(), config }, weights);
  const interrupt = new AbortController();
  const onProgress = ({ done }: { done: number }) => done >= 3 * 24 && interrupt.abort();
  const { signal } = interrupt;
  await run({ device: cpu(), config, folder: runs.at("a"), signal, onProgress }, ({ step, interrupted, tokens }) => {
    assertEquals({ step, interrupted, tokens }, { step: 3, interrupted: true, tokens: 72 });
  });
  assertEquals(new CheckpointFolder(runs.at("a/checkpoints")).latest()?.step, 3);
  const resumed = await run({ device: cpu(), config, folder: runs.at("a"), resume: true }, (result) => {
    assertEquals([result.step, result.interrupted], [7, false]);
    return weights(result);
  });
  assertEquals(resumed, straight);
  assertEquals(readMetrics(runs.at("a/metrics.jsonl")).map(({ step }) => step), [3, 4, 4, 7, 7]);
});

/** Data that abort a controller when so many batches have been drawn. */
function abortingData(interrupt: AbortController, batches: number): TokenDataset {
  let drawn = 0;
  return new Proxy(data, {
    get(target, name) {
      if (name !== "sample") return Reflect.get(target, name, target);
      return (...args: Parameters<TokenDataset["sample"]>) => {
        if (++drawn === batches) interrupt.abort();
        return target.sample(...args);
      };
    },
  });
}

/** Validation data that abort a controller when so many batches have been evaluated. */
function abortingValidation(interrupt: AbortController, batches: number): TokenDataset {
  let evaluated = 0;
  return new Proxy(validation, {
    get(target, name) {
      if (name !== "windows") return Reflect.get(target, name, target);
      return function* (...args: Parameters<TokenDataset["windows"]>) {
        for (const batch of target.windows(...args)) {
          yield batch;
          if (++evaluated === batches) interrupt.abort();
        }
      };
    },
  });
}

for (const overfit_one_batch of [false, true]) {
  const name = overfit_one_batch ? "the same batches again and again" : "ever new batches";
  Deno.test(`a signal at any batch of a step ends training there, and resuming changes no bit, ${name}`, async () => {
    const config = smallConfig({
      ...{ gradient_accumulation_steps: 3, steps: 3, log_every: 2, eval_every: 1, checkpoint_every: 2 },
      overfit_one_batch,
    });
    const straight = await run({ device: cpu(), config }, weights);
    for (let batch = 1; batch <= 9; batch++) {
      using runs = new TemporaryFolder();
      const folder = runs.at("a");
      const interrupt = new AbortController();
      const options = { config, folder, data: abortingData(interrupt, batch), signal: interrupt.signal };
      const stopped = await run({ device: cpu(), ...options }, ({ step, tokens, interrupted }) => {
        assertEquals(tokens, step * 36);
        return { step, interrupted };
      });
      assertEquals(stopped, { step: Math.floor(batch / 3), interrupted: batch < 9 });
      assertEquals(new CheckpointFolder(`${folder}/checkpoints`).latest()?.step ?? 0, stopped.step);
      const resumed = await run({ device: cpu(), config, folder, resume: true }, weights);
      assertEquals(resumed, straight, `batch ${batch}`);
      const evaluated = readMetrics(`${folder}/metrics.jsonl`).filter((line) => "validation_loss" in line);
      assertEquals(evaluated.map(({ step }) => step), [1, 2, 3]);
    }
  });
}

Deno.test("a signal at any batch of an evaluation ends training there, and resuming repeats it and changes no bit", async () => {
  using runs = new TemporaryFolder();
  const exports = ["wandbJsonl"] as const;
  const settings = { steps: 4, eval_every: 2, eval_batches: 3, sample_every: 2, checkpoint_every: 2, log_every: 1 };
  const config = smallConfig(settings);
  const onSample = (_: unknown, step: number) => `step ${step}`;
  const traces = (name: string) => {
    const checkpoints = new CheckpointFolder(runs.at(`${name}/checkpoints`));
    const state = (path: string) => ({ ...readTrainingState(path), seconds: 0 });
    return {
      metrics: timeless(readMetrics(runs.at(`${name}/metrics.jsonl`))),
      exported: Deno.readTextFileSync(runs.at(`${name}/wandb-history.jsonl`)).split("\n").length,
      samples: Array.from(Deno.readDirSync(runs.at(`${name}/samples`)), ({ name }) => name).toSorted(),
      states: [...checkpoints.list().map(({ path }) => path), checkpoints.bestPath].map(state),
    };
  };
  const options = { config, onSample, exports };
  const straight = await run({ device: cpu(), ...options, folder: runs.at("straight") }, weights);
  // A signal in the last batch of an evaluation finds it done.
  for (const [batch, step, owes] of [[1, 2, true], [2, 2, true], [3, 2, false], [4, 4, true], [5, 4, true]] as const) {
    const name = String(batch);
    const folder = runs.at(name);
    const interrupt = new AbortController();
    const stopping = { folder, validation: abortingValidation(interrupt, batch), signal: interrupt.signal };
    const stopped = await run({ device: cpu(), ...options, ...stopping }, ({ step, interrupted, evaluation }) => {
      return { step, interrupted, isEvaluated: evaluation !== undefined };
    });
    assertEquals(stopped, { step, interrupted: true, isEvaluated: !owes || step > 2 });
    const { path } = new CheckpointFolder(`${folder}/checkpoints`).latest()!;
    assertEquals(readTrainingState(path).owes_evaluation ?? false, owes);
    // Somebody else stops it again in the same place.
    const again = { folder, validation: abortingValidation(interrupt, 1), signal: interrupt.signal, resume: true };
    if (owes) await run({ device: cpu(), ...options, ...again }, () => {});
    const resumed = await run({ device: cpu(), ...options, folder, resume: true }, weights);
    assertEquals(resumed, straight, `batch ${batch}`);
    assertEquals(traces(name), traces("straight"), `batch ${batch}`);
  }
});

Deno.test("a run killed after it has repeated an evaluation, before it has saved that, keeps one line of it", async () => {
  using runs = new TemporaryFolder();
  const folder = runs.at("a");
  const config = smallConfig({ steps: 4, eval_batches: 2 });
  const interrupt = new AbortController();
  const stopping = { validation: abortingValidation(interrupt, 1), signal: interrupt.signal };
  await run({ device: cpu(), config, folder, ...stopping }, ({ interrupted }) => assertEquals(interrupted, true));
  const onMetrics = () => {
    throw new Error("killed");
  };
  await assertRejects(() => run({ device: cpu(), config, folder, resume: true, onMetrics }, () => {}), Error, "killed");
  await run({ device: cpu(), config, folder, resume: true }, () => {});
  const evaluated = readMetrics(`${folder}/metrics.jsonl`).filter((line) => "validation_loss" in line);
  assertEquals(evaluated.map(({ step }) => step), [4]);
});

Deno.test("a signal at a step that is evaluated and sampled leaves neither out: who resumes comes back to it", async () => {
  using runs = new TemporaryFolder();
  const config = smallConfig({ sample_every: 4 });
  const onSample = (_: unknown, step: number) => `step ${step}`;
  await run({ device: cpu(), config, onSample, folder: runs.at("straight") }, () => {});
  const interrupt = new AbortController();
  const onProgress = ({ done }: { done: number }) => done >= 4 * 24 && interrupt.abort();
  const { signal } = interrupt;
  await run({ device: cpu(), config, onSample, folder: runs.at("a"), signal, onProgress }, ({ interrupted }) => {
    assertEquals(interrupted, true);
  });
  await run({ device: cpu(), config, onSample, folder: runs.at("a"), resume: true }, () => {});
  const [a, straight] = ["a", "straight"].map((name) => ({
    evaluations: readMetrics(runs.at(`${name}/metrics.jsonl`)).filter((line) => "validation_loss" in line),
    samples: Array.from(Deno.readDirSync(runs.at(`${name}/samples`)), ({ name }) => name).toSorted(),
  }));
  assertEquals(timeless(a.evaluations), timeless(straight.evaluations));
  assertEquals(a.samples, straight.samples);
});

Deno.test("a signal during the last step leaves nothing out: that step is evaluated, and the run has ended", async () => {
  const config = smallConfig({ eval_every: 5 });
  const straight = await run({ device: cpu(), config }, ({ evaluation }) => evaluation);
  const interrupt = new AbortController();
  const onProgress = ({ done }: { done: number }) => done >= 8 * 24 && interrupt.abort();
  await run({ device: cpu(), config, signal: interrupt.signal, onProgress }, ({ evaluation, interrupted }) => {
    assertEquals([evaluation, interrupted], [straight, false]);
  });
});

Deno.test("a disk that fills up at any moment ends training with its reason, and the run goes on to the same bits", async () => {
  const config = smallConfig({ log_every: 1, checkpoint_every: 2 });
  const straight = await run({ device: cpu(), config }, weights);
  const steps = new Set<number | undefined>();
  for (const room of [0, 500, 2_000, 5_000, 20_000, 35_000, 45_000]) {
    using runs = new TemporaryFolder();
    const folder = runs.at("a");
    {
      using _full = fullDisk(room);
      await assertRejects(
        () => run({ device: cpu(), config, folder }, weights),
        DiskFullError,
        `Cannot write ${folder}/`,
      );
    }
    const left = Array.from(Deno.readDirSync(`${folder}/checkpoints`), ({ name }) => name);
    assertEquals(left.filter((name) => name.endsWith(".tmp")), []);
    const saved = new CheckpointFolder(`${folder}/checkpoints`).latest()?.step;
    steps.add(saved);
    if (saved !== undefined) {
      assertEquals(readTrainingState(new CheckpointFolder(`${folder}/checkpoints`).pathOf(saved)).step, saved);
    }
    assertEquals(await run({ device: cpu(), config, folder, resume: holdsRun(folder) }, weights), straight);
  }
  assert(steps.size >= 3, `the disk filled up only around steps ${[...steps]}`);
});

Deno.test("metrics say what happened: losses, rates, norms, evaluations", async () => {
  const seen: Metrics[] = [];
  const flops = { perToken: 1000, peakPerSecond: 1e12 };
  await run({ onMetrics: (metrics) => seen.push(metrics), bytesPerToken: 2, flops }, (result) => {
    const { loss, perplexity, bitsPerByte } = result.evaluation!;
    assertEquals(perplexity, Math.exp(loss));
    assertEquals(bitsPerByte, loss / Math.LN2 / 2);
    const again = evaluate(result.model, validation.windows(2, 2, 6));
    assertEquals(again.loss, loss);
  });
  assertEquals(seen.map(({ step, tokens }) => [step, tokens]), [
    [3, 72],
    [4, 96],
    [4, 96],
    [6, 144],
    [8, 192],
    [8, 192],
  ]);
  for (const line of seen) {
    const kind = line.validation_loss === undefined ? ["learning_rate", "mfu"] : ["bits_per_byte", "perplexity"];
    for (const field of kind) assert(field in line, `${field} is missing`);
  }
  // The schedule is read at the number of the step: warm-up to step 2, the lowest rate at the last.
  assertEquals(seen[4].learning_rate, 0.001);
});

Deno.test("progress tells the loss that was last read, as soon as there is one", async () => {
  const details: (string | undefined)[] = [];
  const losses: number[] = [];
  await run({
    onProgress: ({ detail }) => details.push(detail),
    onMetrics: ({ loss }) => loss && losses.push(loss),
  }, () => {});
  const [third, fourth, sixth] = losses.map((loss) => `loss ${loss.toFixed(3)}`);
  // Lines of metrics come after the third and sixth steps, and with the evaluation after the fourth.
  assertEquals(details, [...Array(3).fill(undefined), third, fourth, fourth, sixth, sixth]);
});

Deno.test("the batches, and so the losses, are the same on every device", async () => {
  const losses = async (device: Device) => {
    const seen: number[] = [];
    await run(
      { device, config: smallConfig({ log_every: 1 }), onMetrics: ({ loss }) => loss && seen.push(loss) },
      () => {},
    );
    return seen;
  };
  const [reference, other] = [await losses(referenceDevice()), await losses(cpu())];
  assertEquals(reference.length, 8);
  reference.forEach((loss, i) => assert(Math.abs(loss - other[i]) < 1e-4, `step ${i + 1}: ${loss} and ${other[i]}`));
});

Deno.test("accumulated gradients equal those of one larger batch", async () => {
  const losses = async (batch_size: number, gradient_accumulation_steps: number) => {
    const config = smallConfig({ batch_size, gradient_accumulation_steps, log_every: 1, eval_every: 100 });
    const seen: number[] = [];
    await run({ config, validation: undefined, onMetrics: ({ loss }) => seen.push(loss!) }, () => {});
    return seen;
  };
  const [whole, parts] = [await losses(4, 1), await losses(1, 4)];
  whole.forEach((loss, i) => assert(Math.abs(loss - parts[i]) < 1e-5, `step ${i + 1}: ${loss} and ${parts[i]}`));
});

Deno.test("the newest checkpoints are kept, and the best under its own name", async () => {
  using runs = new TemporaryFolder();
  const config = smallConfig({ checkpoint_every: 2, eval_every: 2, keep_checkpoints: 2 });
  await run({ folder: runs.at("a"), config }, () => {});
  const names = Array.from(Deno.readDirSync(runs.at("a/checkpoints")), ({ name }) => name).sort();
  assertEquals(names, ["best.safetensors", "step-00000006.safetensors", "step-00000008.safetensors"]);
  const evaluations = readMetrics(runs.at("a/metrics.jsonl")).filter((line) => line.validation_loss !== undefined);
  const best = evaluations.reduce((a, b) => b.validation_loss! < a.validation_loss! ? b : a);
  const state = readTrainingState(runs.at("a/checkpoints/best.safetensors"));
  assertEquals([state.step, state.best_validation_loss], [best.step, best.validation_loss]);
});

Deno.test("samples are written with the model as it is", async () => {
  using runs = new TemporaryFolder();
  const onSample: TrainOptions["onSample"] = (model, step) => `step ${step}, ${model.config.vocab_size} ids`;
  await run({ folder: runs.at("a"), config: smallConfig({ sample_every: 4 }), onSample }, () => {});
  assertEquals(Deno.readTextFileSync(runs.at("a/samples/step-00000004.txt")), "step 4, 12 ids\n");
  assertEquals(Deno.readTextFileSync(runs.at("a/samples/step-00000008.txt")), "step 8, 12 ids\n");
});

Deno.test("100 steps take no more memory than two, and all of it is given back", () => {
  using device = cpu();
  const before = device.memory.usedBytes;
  {
    using trainer = new Trainer(device, smallConfig({ log_every: 100 }));
    const batch = data.sample(new Random(5), 2, 6);
    trainer.step([batch, batch]);
    trainer.step([batch, batch]);
    const after = { ...device.memory };
    for (let i = 2; i < 100; i++) trainer.step([batch, batch]);
    assertEquals(device.memory, after);
    assertEquals(trainer.readResults().losses.length, 100);
  }
  assertEquals([device.memory.usedBytes, device.memory.reservedBytes], [before, 0]);
});

Deno.test("a trainer keeps room for 65,536 results however seldom they are read, and says when it is full", () => {
  using device = cpu();
  using trainer = new Trainer(device, smallConfig({ log_every: 1e15 }));
  assert(device.memory.usedBytes < 1e6, "room for 1e15 results would be 8 PB");
  using small = new Trainer(device, smallConfig({ log_every: 2 }));
  const batch = data.sample(new Random(5), 2, 6);
  small.step([batch]);
  assertEquals([trainer.isFull, small.isFull], [false, false]);
  small.step([batch]);
  assertEquals(small.isFull, true);
  assertThrows(() => small.step([batch]), RangeError, "the results of 2 steps wait");
});

Deno.test("a step without batches is refused, and does not count", () => {
  using device = cpu();
  using trainer = new Trainer(device, smallConfig());
  assertThrows(() => trainer.step([]), RangeError, "there are 0 batches");
  assertEquals([trainer.steps, trainer.pending], [0, 0]);
});

Deno.test("training gives back its memory when it ends, and when it fails", async () => {
  using device = referenceDevice();
  (await train({ config: smallConfig(), device, data, validation }))[Symbol.dispose]();
  assertEquals(device.memory.reservedBytes, 0);
  const options = { config: exploding, device, data };
  await assertRejects(() => train(options), DivergenceError);
  assertEquals(device.memory.reservedBytes, 0);
});

Deno.test("a training for which the memory does not reach gives back what it has taken", async () => {
  for (const name of ["adamw", "muon"]) {
    const config = smallConfig({ optimizer: { name } });
    let failures = 0;
    // Fails after no block of memory, after one, after two, until it has enough.
    for (let blocks = 0;; blocks++) {
      using device = new Device(new LimitedBackend(blocks));
      try {
        using _trained = await train({ config, device, data });
        break;
      } catch (error) {
        assertStringIncludes((error as Error).message, "Cannot reserve memory");
        failures++;
      }
      assertEquals(device.memory.reservedBytes, 0);
    }
    assert(failures > 0);
  }
});

const exploding = smallConfig({
  model: { ...smallConfig().model, norm: "none" },
  optimizer: { max_learning_rate: 1000, warmup_steps: 0 },
  max_grad_norm: 1e9,
  log_every: 1,
  steps: 50,
});

Deno.test("a loss that explodes stops training with the step and the largest gradient, and is not saved", async () => {
  using runs = new TemporaryFolder();
  const config = { ...exploding, checkpoint_every: 1, keep_checkpoints: 100 };
  using device = referenceDevice();
  const error = await assertRejects(() => train({ config, device, data, folder: runs.at("a") }), DivergenceError);
  assertEquals(error.message.includes(`at step ${error.step} the loss was`), true);
  assertStringIncludes(error.message, `largest gradient when training stopped was that of ${error.parameter}`);
  assert(error.parameter.endsWith(".weight"));
  const saved = new CheckpointFolder(runs.at("a/checkpoints")).list().map(({ step }) => step);
  assertEquals(saved, Array.from({ length: error.step - 1 }, (_, i) => i + 1));
  assertEquals(readMetrics(runs.at("a/metrics.jsonl")).at(-1)?.step, error.step);
});

Deno.test("an evaluation that is no number stops training, at the last step too, and what it saw is not saved", async () => {
  using runs = new TemporaryFolder();
  const optimizer = { max_learning_rate: 1e38, warmup_steps: 0 };
  const config = smallConfig({ steps: 1, log_every: 1, optimizer });
  using device = cpu(); // the reference device's numbers reach further
  const options = { config, device, data, validation, folder: runs.at("a") };
  const error = await assertRejects(() => train(options), DivergenceError);
  assertEquals(error.step, 1);
  assertEquals(new CheckpointFolder(runs.at("a/checkpoints")).list(), []);
  const metrics = readMetrics(runs.at("a/metrics.jsonl"));
  assertEquals(metrics.map(({ loss, validation_loss }) => [typeof loss, validation_loss]), [
    ["number", undefined],
    ["undefined", null],
  ]);
});

Deno.test("what cannot be trained is refused with its reason, and nothing is written", async () => {
  using runs = new TemporaryFolder();
  const refused = async (options: Partial<TrainOptions>, message: string) => {
    using device = referenceDevice();
    await assertRejects(
      () => train({ config: smallConfig(), data, folder: runs.at("a"), device, ...options }),
      Error,
      message,
    );
    assertEquals(device.memory.reservedBytes, 0);
    assertEquals(runs.names(), []);
  };
  const short = TokenDataset.fromIds(walk(6), { vocabSize: 12 });
  await refused({ data: short }, "the data have 6 tokens");
  await refused({ validation: short }, "the data have 6 tokens");
  await refused({ data: TokenDataset.fromIds(walk(100, 20), { vocabSize: 20 }) }, "model.vocab_size is 12");
  await refused({ config: smallConfig({ precision: "bfloat16" }) }, "the device reference computes in float32");
  for (const [field, value] of [["log_every", 0], ["steps", 0], ["batch_size", 1.5]] as const) {
    await refused(
      { config: { ...smallConfig(), [field]: value } },
      `Cannot use this configuration: ${field} is ${value}`,
    );
  }
  await refused({ resume: true }, "it holds no run");
  await refused({ resume: true, folder: undefined }, "no folder is given");
  await refused({ exports: ["tensorboard"], folder: undefined }, "Cannot export the metrics: no folder is given");
});

Deno.test("a run whose first step fails, as with a batch too large for the memory, leaves none; a later one leaves it", async () => {
  using runs = new TemporaryFolder();
  // A device that runs out of memory after so many batches, in the middle of the next.
  const failing = (batches: number) => {
    const device = referenceDevice();
    const { crossEntropy } = device;
    device.crossEntropy = (...words) => {
      if (batches-- === 0) throw new RangeError("Cannot reserve memory");
      return crossEntropy.apply(device, words);
    };
    return device;
  };
  const attempt = async (name: string, batches: number) => {
    using device = failing(batches);
    const data = TokenDataset.fromIds(walk(200), { vocabSize: 12 });
    const exports = ["tensorboard", "wandbJsonl"] as const;
    const options = { config: smallConfig(), data, folder: runs.at(name), device, exports };
    await assertRejects(() => train(options), RangeError, "Cannot reserve memory");
    assertEquals(device.memory.reservedBytes, 0);
  };
  Deno.mkdirSync(runs.at("a"));
  Deno.writeTextFileSync(runs.at("a/tokens.npy"), "");
  await attempt("a", 0);
  assertEquals(Array.from(Deno.readDirSync(runs.at("a")), ({ name }) => name), ["tokens.npy"]);
  await attempt("b", 3); // a step takes two
  assertEquals(holdsRun(runs.at("b")), true);
});

Deno.test("a run is resumed only with the settings that it was started with, and is left as it was otherwise", async () => {
  using runs = new TemporaryFolder();
  const folder = runs.at("a");
  await run({ folder, config: smallConfig({ steps: 4 }) }, () => {});
  const path = `${folder}/metrics.jsonl`;
  const before = Deno.readTextFileSync(path);
  const resume = (options: Partial<TrainOptions>) => run({ folder, resume: true, ...options }, () => {});
  await assertRejects(
    () => resume({ config: smallConfig({ batch_size: 3 }) }),
    RangeError,
    "batch_size is 2 there, 3 here",
  );
  await assertRejects(() => resume({ data: validation }), RangeError, "the data's length is 400 there, 100 here");
  await assertRejects(() => resume({ tokenizerHash: "x" }), RangeError, "the tokenizer's SHA-256 is not given there");
  await assertRejects(
    () => resume({ config: { ...smallConfig({ steps: 4 }), steps: 3 } }),
    RangeError,
    "steps is 3, and it has done 4; give more steps",
  );
  await assertRejects(() => run({ folder }, () => {}), Error, "it holds one already");
  assertEquals(Deno.readTextFileSync(path), before);
});

Deno.test("a newest checkpoint that is damaged is named, and without it the run goes on from the one before to the same bits", async () => {
  using runs = new TemporaryFolder();
  const config = smallConfig({ checkpoint_every: 3 });
  const straight = await run({ device: cpu(), folder: runs.at("a"), config }, weights);
  const [before, newest] = new CheckpointFolder(runs.at("a/checkpoints")).list();
  const resume = () => run({ device: cpu(), folder: runs.at("a"), config, resume: true }, weights);
  Deno.truncateSync(newest.path, 5000);
  const error = await assertRejects(resume, Error, `Cannot read ${newest.path}: `);
  assertStringIncludes(error.message, `; remove it, and training goes on from step ${before.step}`);
  Deno.removeSync(newest.path);
  assertEquals(await resume(), straight);
});
