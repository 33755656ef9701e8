import type { Metrics } from "./metrics.ts";

// As other tools like them: what stands before the slash becomes a group of charts.
const NAMES = {
  loss: "train/loss",
  learning_rate: "train/learning_rate",
  gradient_norm: "train/gradient_norm",
  tokens_per_second: "train/tokens_per_second",
  mfu: "train/mfu",
  validation_loss: "validation/loss",
  perplexity: "validation/perplexity",
  bits_per_byte: "validation/bits_per_byte",
} as const satisfies Partial<Record<keyof Metrics, string>>;

/**
 * What a line of metrics measured, under the names that TensorBoard and Weights & Biases group by; NaN for what was not
 * finite.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(metricScalars({ step: 1, tokens: 64, seconds: 1, validation_loss: 2 }), { "validation/loss": 2 });
 * ```
 */
export function metricScalars(metrics: Metrics): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [field, name] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
    const value = metrics[field];
    if (value !== undefined) scalars[name] = value ?? NaN;
  }
  return scalars;
}
