import { cosineSchedule } from "../optim/cosine_schedule.ts";
import { linearSchedule } from "../optim/linear_schedule.ts";
import type { OptimizerConfig } from "./training_config.ts";

/**
 * Learning rate of AdamW at a step of the schedule that the configuration names. Muon's is in proportion to it.
 *
 * @param step Zero-based.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { parseTrainingConfig } from "./training_config.ts";
 * const { optimizer } = parseTrainingConfig({
 *   model: { vocab_size: 500, context_length: 32, num_layers: 2, d_model: 64, num_heads: 4 },
 *   optimizer: { schedule: "linear", max_learning_rate: 1e-3, min_learning_rate: 0 },
 *   steps: 100,
 * });
 * assertAlmostEquals(learningRateAt(1, optimizer), 5e-4); // two steps of warm-up
 * assertAlmostEquals(learningRateAt(70, optimizer), 1e-3);
 * assertAlmostEquals(learningRateAt(85, optimizer), 5e-4); // half of 30 steps of decay
 * ```
 */
export function learningRateAt(step: number, optimizer: OptimizerConfig): number {
  const { schedule, max_learning_rate, min_learning_rate, warmup_steps, cosine_steps, decay_steps } = optimizer;
  const rise = { maxLearningRate: max_learning_rate, minLearningRate: min_learning_rate, warmupSteps: warmup_steps };
  return schedule === "cosine"
    ? cosineSchedule(step, { ...rise, cosineSteps: cosine_steps })
    : linearSchedule(step, { ...rise, decaySteps: decay_steps, lastStep: cosine_steps });
}
