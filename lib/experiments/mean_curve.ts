import type { Metrics } from "../training/metrics.ts";

/**
 * The mean course of runs that differ by their seed: at every step that all of them measured, the mean of what they
 * measured there.
 *
 * @param runs Metrics of each run; at least one.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const run = (loss: number) => [{ step: 10, tokens: 640, seconds: 1, loss }];
 * assertEquals(meanCurve([run(3), run(4)]), [{ step: 10, tokens: 640, seconds: 1, loss: 3.5 }]);
 * ```
 */
export function meanCurve(runs: readonly (readonly Metrics[])[]): Metrics[] {
  const [first, ...others] = runs.map(byKind);
  return [...first].flatMap(([kind, line]) => {
    const lines = [line, ...others.map((run) => run.get(kind))];
    return lines.every((found) => found !== undefined) ? [meanOf(lines)] : [];
  });
}

/** Lines by step, those of training apart from those of evaluation. */
function byKind(metrics: readonly Metrics[]): Map<string, Metrics> {
  return new Map(
    metrics.map((line) => [`${line.validation_loss === undefined ? "training" : "validation"} ${line.step}`, line]),
  );
}

function meanOf(lines: readonly Metrics[]): Metrics {
  const mean = (field: "seconds" | "loss" | "validation_loss") => {
    const values = lines.map((line) => line[field]);
    return values.every((value) => typeof value === "number")
      ? values.reduce((sum, value) => sum + value, 0) / values.length
      : undefined;
  };
  const { step, tokens } = lines[0];
  const [loss, validation_loss] = [mean("loss"), mean("validation_loss")];
  return {
    ...{ step, tokens, seconds: mean("seconds")! },
    ...(loss !== undefined && { loss }),
    ...(validation_loss !== undefined && { validation_loss }),
  };
}
