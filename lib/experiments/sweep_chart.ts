import { renderSvg } from "../plot/render_svg.ts";
import { spreadOf } from "./noise.ts";

/** What was measured at one value of what is varied. */
export interface SweepPoint {
  /** The value, above 0. */
  x: number;
  /** Final losses, one for each run that did not diverge. */
  losses: readonly number[];
  /** Whether a run diverged. */
  diverged: boolean;
}

/** A line of the chart. */
export interface SweepSeries {
  name: string;
  points: readonly SweepPoint[];
}

/**
 * Draws final losses against what was varied, on a logarithmic axis, as an SVG document: a line through the means, a
 * bar from the lowest to the highest seed, and a cross at the top where a run diverged.
 *
 * @param title Written above the chart.
 * @param axis What is varied: "learning rate".
 * @throws {RangeError} If no run finished.
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const points = [{ x: 1e-3, losses: [2, 2.1], diverged: false }, { x: 1, losses: [], diverged: true }];
 * assertStringIncludes(await sweepChart("Loss", "learning rate", [{ name: "pre-norm", points }]), "diverged");
 * ```
 */
export async function sweepChart(title: string, axis: string, series: readonly SweepSeries[]): Promise<string> {
  const finished = series.flatMap(({ name, points }) =>
    points.filter(({ losses }) => losses.length > 0).map(({ x, losses }) => ({
      ...{ series: name, x, loss: spreadOf(losses).mean },
      ...{ low: Math.min(...losses), high: Math.max(...losses) },
    }))
  );
  if (finished.length === 0) throw new RangeError("Cannot draw the sweep: no run finished; try lower values");
  const top = Math.max(...finished.map(({ high }) => high));
  const diverged = series.flatMap(({ name, points }) =>
    points.filter((point) => point.diverged).map(({ x }) => ({ series: name, x, loss: top, label: "diverged" }))
  );
  const ends = series.flatMap(({ name }) => finished.filter((point) => point.series === name).slice(-1));
  const text = { type: "text", align: "left", dx: 8 } as const;
  return await renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: 480,
    height: 300,
    data: { values: finished },
    encoding: {
      x: {
        ...{ field: "x", type: "quantitative", title: axis, scale: { type: "log", nice: false, padding: 24 } },
        axis: { format: "~g", grid: false, tickCount: 6 },
      },
      y: { field: "loss", type: "quantitative", title: "final validation loss", scale: { zero: false } },
      color: { field: "series", type: "nominal", scale: { domain: series.map(({ name }) => name) }, legend: null },
    },
    layer: [
      { mark: { type: "line", strokeWidth: 2, point: { size: 40 } } },
      {
        mark: { type: "rule", color: undefined, strokeWidth: 2 },
        encoding: { y: { field: "low" }, y2: { field: "high" } },
      },
      { data: { values: diverged }, mark: { type: "point", shape: "cross", size: 80, angle: 45, filled: true } },
      {
        data: { values: diverged },
        mark: { type: "text", dy: -12 },
        encoding: { text: { field: "label" }, color: { value: "currentColor" } },
      },
      ...(series.length > 1
        ? [{
          data: { values: ends },
          mark: text,
          encoding: { text: { field: "series" }, color: { value: "currentColor" } },
        }]
        : []),
    ],
  });
}
