import type { Metrics } from "../training/metrics.ts";
import { renderSvg } from "./render_svg.ts";

/** A run in the chart. */
export interface CurveRun {
  /** Stands at the end of its curves. */
  name: string;
  /** Its metrics, as `readMetrics()` gives them. */
  metrics: readonly Metrics[];
}

/** What the loss is drawn against. */
export type CurveAxis = "step" | "tokens" | "seconds";

interface Point {
  run: string;
  kind: "training" | "validation";
  x: number;
  loss: number;
}

// More points than this cannot be told apart in the chart's width; they are averaged.
const MOST_POINTS = 400;

const AXIS_TITLES = { step: "optimizer steps", tokens: "tokens", seconds: "wall-clock time, seconds" };

/**
 * Draws the loss of runs as an SVG document: training loss as a thin line (averaged where there are many
 * measurements), validation loss as a line with points.
 *
 * @param title Written above the chart.
 * @param runs One or several; each is labelled at its end.
 * @throws {RangeError} If no run has a finite loss yet.
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const metrics = [1, 2, 3].map((step) => ({ step, tokens: 64 * step, seconds: step, loss: 9 / step }));
 * const svg = await learningCurve("Loss", [{ name: "first", metrics }]);
 * assertStringIncludes(svg, "optimizer steps");
 * ```
 */
export async function learningCurve(
  title: string,
  runs: readonly CurveRun[],
  axis: CurveAxis = "step",
): Promise<string> {
  const values = runs.flatMap((run) => pointsOf(run, axis));
  if (values.length === 0) {
    throw new RangeError("Cannot draw the learning curve: no run has a finite loss yet; let one run for some steps");
  }
  const ends = runs.flatMap(({ name }) => values.filter(({ run }) => run === name).slice(-1));
  const color = {
    field: "run",
    type: "nominal" as const,
    sort: runs.map(({ name }) => name),
    legend: null,
  };
  return await renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: title, anchor: "start" },
    width: 560,
    height: 320,
    background: "white",
    data: { values },
    encoding: {
      x: { field: "x", type: "quantitative", title: AXIS_TITLES[axis], axis: { format: "~s", tickCount: 6 } },
      y: { field: "loss", type: "quantitative", title: "loss, nats per token", scale: { zero: false } },
      color,
    },
    layer: [
      {
        transform: [{ filter: "datum.kind == 'training'" }],
        mark: { type: "line", strokeWidth: 1, opacity: 0.6 },
      },
      {
        transform: [{ filter: "datum.kind == 'validation'" }],
        mark: { type: "line", strokeWidth: 2, point: true },
      },
      {
        data: { values: ends },
        mark: { type: "text", align: "left", dx: 6 },
        encoding: { text: { field: "run" } },
      },
    ],
    config: { font: "system-ui, sans-serif", view: { stroke: null } },
  });
}

function pointsOf({ name, metrics }: CurveRun, axis: CurveAxis): Point[] {
  const pick = (kind: Point["kind"], field: "loss" | "validation_loss") =>
    metrics.flatMap((line): Point[] => {
      const loss = line[field];
      return typeof loss === "number" ? [{ run: name, kind, x: line[axis], loss }] : [];
    });
  return [...averaged(pick("training", "loss")), ...pick("validation", "validation_loss")];
}

/** At most {@linkcode MOST_POINTS} points, each the mean of equally many neighbours. */
function averaged(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    const mean = (pick: (point: Point) => number) => group.reduce((sum, point) => sum + pick(point), 0) / group.length;
    return { ...group[0], x: mean((point) => point.x), loss: mean((point) => point.loss) };
  });
}
