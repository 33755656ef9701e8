import { overlay, parseTrainingConfig, type TrainingConfig } from "../training/training_config.ts";
import type { Change } from "./variant.ts";
import type { ScaleSettings } from "./scale.ts";

// Lines of metrics in a run: enough for a curve, few enough to be read at a glance.
const LINES = 100;

/**
 * All settings of a run: its scale's with a variant's changes. Steps, evaluations and lines of metrics are counted in
 * tokens, so that runs of different batch sizes see as much text and are looked at as often.
 *
 * @throws {RangeError} If the changes make no valid configuration.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scales } from "./scale.ts";
 * const { steps, batch_size } = runConfig(scales.handout, { batch_size: 64 }, 0);
 * assertEquals(steps * batch_size * 256, 327_680_000);
 * ```
 */
export function runConfig(settings: ScaleSettings, change: Change, seed: number): TrainingConfig {
  const { model, precision, learningRate, tokens, evaluationSequences, evaluations } = settings;
  const batch_size = change.batch_size ?? settings.batchSize;
  const context_length = change.model?.context_length ?? model.context_length;
  const steps = Math.max(1, Math.round(tokens / (batch_size * context_length)));
  const every = (times: number) => Math.max(1, Math.floor(steps / times));
  const base = {
    model,
    precision,
    optimizer: { max_learning_rate: learningRate },
    batch_size,
    steps,
    log_every: every(LINES),
    eval_every: every(evaluations),
    eval_batches: Math.max(1, Math.round(evaluationSequences / batch_size)),
    checkpoint_every: every(4),
    keep_checkpoints: 1,
    sample_every: steps,
    seed,
  };
  return parseTrainingConfig(overlay(base, change), "the experiment's configuration");
}
