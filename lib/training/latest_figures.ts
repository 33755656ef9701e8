import type { Metrics } from "./metrics.ts";

/** Where a run stands: of each measurement the last one made. */
export type LatestFigures = Partial<Metrics>;

/**
 * Of each measurement the last one made; training and evaluation write lines of their own, so no line has them all.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const figures = latestFigures([
 *   { step: 10, tokens: 640, seconds: 1, loss: 4.5 },
 *   { step: 10, tokens: 640, seconds: 2, validation_loss: 4.6 },
 * ]);
 * assertEquals(figures, { step: 10, tokens: 640, seconds: 2, loss: 4.5, validation_loss: 4.6 });
 * ```
 */
export function latestFigures(metrics: readonly Metrics[]): LatestFigures {
  const latest: LatestFigures = {};
  for (const line of metrics) Object.assign(latest, line);
  return latest;
}
