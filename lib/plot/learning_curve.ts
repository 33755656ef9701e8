import type { Metrics } from "../training/metrics.ts";
import { averageNeighbours } from "./average_neighbours.ts";
import { placeLabels } from "./place_labels.ts";
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

const WIDTH = 480;
const HEIGHT = 300;
const LABEL_GAP = 8;
const LABEL_HEIGHT = 15;
// An average letter of the labels; there is no browser here to measure them.
const LETTER_WIDTH = 7;

// More points than this cannot be told apart in the chart's width; they are averaged.
const MOST_POINTS = 400;

/**
 * Draws the loss of runs as an SVG document: training loss as a thin line (averaged where there are many
 * measurements), validation loss as a line with points. The scale ends at the highest loss from which a run fell, so
 * that one that explodes leaves the chart and does not flatten the others.
 *
 * @param title Written above the chart.
 * @param runs One or several, each with a name of its own; several are labelled at their ends, of one its two lines
 *   are.
 * @param axis What the loss is drawn against.
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
  const measured = runs.flatMap((run) => pointsOf(run, axis));
  if (measured.length === 0) {
    throw new RangeError("Cannot draw the learning curve: no run has a finite loss yet; let one run for some steps");
  }
  const { title: axisTitle, unit, format } = horizontal(axis, measured);
  const values = measured.map((point) => ({ ...point, x: point.x / unit }));
  const scale = scaleOf(values, runs);
  // Where a run's validation loss tells the story, the noise of its training loss steps back, most among several runs.
  const faint = runs.length === 1 ? 0.6 : 0.35;
  const evaluated = runs.filter(({ metrics }) => metrics.some(hasValidation)).map(({ name }) => name);
  const labels = {
    data: { values: labelsOf(values, runs, scale) },
    encoding: { text: { field: "label" } },
  };
  const moved = { expr: "datum.moved" };
  const text = { type: "text", align: "left", baseline: "middle", dx: LABEL_GAP, dy: moved } as const;
  return await renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    encoding: {
      x: {
        ...{ field: "x", type: "quantitative", title: axisTitle, scale: { domain: [0, scale.right], nice: false } },
        axis: {
          ...{ format, tickCount: 6, grid: false },
          labelExpr: "datum.value ? datum.label : '0'", // not "0M"
        },
      },
      y: {
        ...{ field: "loss", type: "quantitative", title: "loss, nats per token" },
        scale: { domain: [scale.low, scale.high], nice: false },
      },
      color: { field: "run", type: "nominal", scale: { domain: runs.map(({ name }) => name) }, legend: null },
    },
    layer: [
      {
        transform: [{ filter: "datum.kind == 'training'" }],
        mark: { type: "line", strokeWidth: 1, clip: true },
        encoding: { opacity: { condition: { test: { field: "run", oneOf: evaluated }, value: faint }, value: 0.8 } },
      },
      {
        transform: [{ filter: "datum.kind == 'validation'" }],
        mark: { type: "line", strokeWidth: 2, point: { size: 24, clip: true }, clip: true },
      },
      // First as a rim of the ground's colour, since a line may end where others go on.
      { ...labels, mark: { ...text, stroke: "var(--ground)", strokeWidth: 4, aria: false } },
      { ...labels, mark: text },
    ],
  });
}

function hasValidation({ validation_loss }: Metrics): boolean {
  return typeof validation_loss === "number";
}

function pointsOf({ name, metrics }: CurveRun, axis: CurveAxis): Point[] {
  const pick = (kind: Point["kind"], field: "loss" | "validation_loss") =>
    metrics.flatMap((line): Point[] => {
      const loss = line[field];
      return typeof loss === "number" ? [{ run: name, kind, x: line[axis], loss }] : [];
    });
  const training = averageNeighbours(pick("training", "loss"), MOST_POINTS, ["x", "loss"]);
  return [...training, ...pick("validation", "validation_loss")];
}

/** The horizontal axis: what it says, how many of its metric make one, and how numbers are written (as d3 names it). */
function horizontal(axis: CurveAxis, points: readonly Point[]): { title: string; unit: number; format: string } {
  if (axis === "step") return { title: "optimizer steps", unit: 1, format: ",d" };
  if (axis === "tokens") return { title: "tokens", unit: 1, format: "~s" };
  const longest = points.reduce((most, { x }) => Math.max(most, x), 0);
  const [name, unit] = longest < 180 ? ["seconds", 1] : longest < 3 * 3600 ? ["minutes", 60] : ["hours", 3600];
  return { title: `wall-clock time, ${name}`, unit, format: "~r" };
}

interface Scale {
  right: number;
  low: number;
  high: number;
}

function scaleOf(points: readonly Point[], runs: readonly CurveRun[]): Scale {
  const courses = runs.map(({ name }) => points.filter(({ run }) => run === name)).filter(({ length }) => length > 0);
  // One that was first measured when it had exploded is where no other is.
  const falling = courses.filter(([first, ...later]) => later.some(({ loss }) => loss < first.loss));
  const lowest = points.reduce((least, { loss }) => Math.min(least, loss), Infinity);
  const highest = Math.max(...(falling.length > 0 ? falling : courses).map(([{ loss }]) => loss));
  // A run whose loss never fell, or was measured once, still needs some height, and one measured at 0 alone some width.
  const margin = 0.05 * (highest - lowest) || 0.5;
  return {
    right: points.reduce((most, { x }) => Math.max(most, x), 0) || 1,
    low: lowest - margin,
    high: highest + margin,
  };
}

interface Label extends Point {
  label: string;
  /** Pixels downwards from the line's end. */
  moved: number;
}

function labelsOf(points: readonly Point[], runs: readonly CurveRun[], { right, low, high }: Scale): Label[] {
  // A line that leaves the chart ends, for the reader, where it does.
  const lastOf = (wanted: (point: Point) => boolean) => points.findLast((point) => wanted(point) && point.loss <= high);
  const ends = runs.length === 1
    ? (["training", "validation"] as const).map((kind) => ({
      label: kind,
      end: lastOf((point) => point.kind === kind),
    }))
    : runs.map(({ name }) => ({ label: name, end: lastOf(({ run }) => run === name) }));
  const labels = ends.flatMap(({ label, end }) => end ? [{ ...end, label }] : []);
  const pixelsDown = ({ loss }: Point) => HEIGHT * (high - loss) / (high - low);
  const heights = placeLabels(
    labels.map((label) => ({
      x: WIDTH * label.x / right,
      y: pixelsDown(label),
      width: LETTER_WIDTH * label.label.length + LABEL_GAP,
    })),
    LABEL_HEIGHT,
    HEIGHT,
  );
  return labels.map((label, i) => ({ ...label, moved: heights[i] - pixelsDown(label) }));
}
