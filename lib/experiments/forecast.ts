import { account } from "../accounting/account.ts";
import { implementationMemory } from "../accounting/implementation_memory.ts";
import { valuesOf } from "../accounting/model_shape.ts";
import { Random } from "../tensor/random.ts";
import type { Device } from "../tensor/device.ts";
import { Trainer } from "../training/trainer.ts";
import type { TrainingConfig } from "../training/training_config.ts";

/** What a run will take. */
export interface Forecast {
  /** Wall-clock time, by itself on a device as it was measured. */
  seconds: number;
  /** The most memory in use, in bytes. */
  bytes: number;
  /** Parameters of the model. */
  parameters: number;
}

// A step of at most this many FLOPs tells how fast a model trains: a second on a slow core.
const MEASURED_FLOPS = 4e9;
const MEASURED_STEPS = 3;

/**
 * What a run will take: time from the FLOPs of its steps and evaluations at a measured rate, memory by formula.
 *
 * @param flopsPerSecond Rate of training steps of this model; `measureTraining()` finds it.
 * @param doneSteps Steps that need not be done again.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseTrainingConfig } from "../training/training_config.ts";
 * const model = { vocab_size: 500, context_length: 32, num_layers: 2, d_model: 64, num_heads: 4 };
 * const config = parseTrainingConfig({ model, steps: 100 });
 * assertEquals(forecastRun(config, 1e9).seconds, 2 * forecastRun(config, 2e9).seconds);
 * ```
 */
export function forecastRun(config: TrainingConfig, flopsPerSecond: number, doneSteps = 0): Forecast {
  const { steps, eval_every, eval_batches, gradient_accumulation_steps, model, batch_size, optimizer } = config;
  const { step, forward, parameters } = accountOf(config);
  const memory = implementationMemory(model, valuesOf(model, batch_size), optimizer.name, config.precision);
  const share = Math.max(0, steps - doneSteps) / steps;
  const training = steps * gradient_accumulation_steps * Number(step.total!.value);
  const evaluating = Math.ceil(steps / eval_every) * eval_batches * Number(forward.total!.value);
  return {
    seconds: share * (training + evaluating) / flopsPerSecond,
    bytes: Number(memory.total),
    parameters: Number(parameters.total!.value),
  };
}

/**
 * The FLOPs per second that a device reaches in training steps of a model, with its own batch where one step of that is
 * quick, else with as many sequences as take about a second.
 *
 * @param now A clock in milliseconds; tests replace it.
 */
export function measureTraining(device: Device, config: TrainingConfig, now = () => performance.now()): number {
  const perSequence = Number(accountOf({ ...config, batch_size: 1 }).step.total!.value);
  const batch_size = Math.max(1, Math.min(config.batch_size, Math.floor(MEASURED_FLOPS / perSequence)));
  const measured = { ...config, batch_size };
  const { model: { vocab_size, context_length } } = config;
  using trainer = new Trainer(device, measured);
  const random = new Random(0);
  const ids = () => Int32Array.from({ length: batch_size * context_length }, () => random.below(vocab_size));
  const step = () => {
    trainer.step([{ inputs: ids(), targets: ids() }]);
    trainer.readResults();
  };
  step();
  // The fastest counts: others were disturbed.
  let seconds = Infinity;
  for (let i = 0; i < MEASURED_STEPS; i++) {
    const start = now();
    step();
    seconds = Math.min(seconds, (now() - start) / 1000);
  }
  return Number(accountOf(measured).step.total!.value) / seconds;
}

/** Jobs that fit a memory at once, each as large as the largest run: at least one. */
export function jobsThatFit(jobs: number, forecasts: readonly Pick<Forecast, "bytes">[], memoryBytes: number): number {
  const largest = Math.max(1, ...forecasts.map(({ bytes }) => bytes));
  return Math.max(1, Math.min(jobs, Math.floor(memoryBytes / largest)));
}

/** What the accounting says of one batch of a run. */
function accountOf({ model, batch_size, optimizer }: TrainingConfig) {
  return account({
    ...{ model, optimizer: optimizer.name, batchSize: batch_size, precision: "float32", scores: "fused" },
    attention: "causal",
    ...{ promptLength: 1, generatedTokens: 1 },
  });
}
