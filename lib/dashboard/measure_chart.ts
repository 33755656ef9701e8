import { averageNeighbours } from "../plot/average_neighbours.ts";
import type { CurveAxis, CurveRun } from "../plot/learning_curve.ts";
import { renderSvg } from "../plot/render_svg.ts";
import type { Metrics } from "../training/metrics.ts";

/** What is measured beside the loss, how charts call it and write its values (d3's formats). */
export const MEASURES = {
  learning_rate: { title: "learning rate", format: "~r" },
  gradient_norm: { title: "gradient norm", format: "~r" },
  tokens_per_second: { title: "tokens per second", format: "~s" },
} as const satisfies Partial<Record<keyof Metrics, { title: string; format: string }>>;

/** One of {@linkcode MEASURES}. */
export type Measure = keyof typeof MEASURES;

// Where there are more measurements than this, neighbours are averaged.
const MOST_POINTS = 200;

/**
 * A small chart of one measurement of one or several runs, in the colours of their learning curves. Undefined if no run
 * has a value of it.
 */
export async function measureChart(
  runs: readonly CurveRun[],
  measure: Measure,
  axis: CurveAxis,
): Promise<string | undefined> {
  const values = runs.flatMap(({ name, metrics }) => {
    const points = metrics.flatMap((line) => {
      const y = line[measure];
      return typeof y === "number" ? [{ run: name, x: line[axis], y }] : [];
    });
    return averageNeighbours(points, MOST_POINTS, ["x", "y"]);
  });
  if (values.length === 0) return undefined;
  const { title, format } = MEASURES[measure];
  return await renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: 220,
    height: 90,
    data: { values },
    mark: { type: "line", strokeWidth: 1.25 },
    encoding: {
      x: { field: "x", type: "quantitative", title: null, axis: { ...axisOf("~s"), grid: false } },
      y: { field: "y", type: "quantitative", title: null, axis: axisOf(format) },
      color: { field: "run", type: "nominal", scale: { domain: runs.map(({ name }) => name) }, legend: null },
    },
  });
}

function axisOf(format: string) {
  return { format, tickCount: 4, labelExpr: "datum.value ? datum.label : '0'" }; // not "0k"
}
