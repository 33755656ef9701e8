import { type CurveAxis, learningCurve } from "../plot/learning_curve.ts";
import { type Markup, markup } from "../plot/markup.ts";
import { withQuery } from "./addresses.ts";
import { type Measure, measureChart, MEASURES } from "./measure_chart.ts";
import { pageFigure } from "./page_figure.ts";
import type { Run } from "./run_reader.ts";
import { shortNames } from "./short_names.ts";

const AXES: Readonly<Record<CurveAxis, string>> = { step: "Steps", tokens: "Tokens", seconds: "Time" };

/** The page that curves are on: its address without the axis, and what that is. */
export interface CurvesPlace {
  path: string;
  query: readonly [string, string][];
  axis: CurveAxis;
}

/** The axis that a query asks for; steps if it asks for none that there is. */
export function curveAxis(asked: string | null): CurveAxis {
  return Object.keys(AXES).find((axis): axis is CurveAxis => axis === asked) ?? "step";
}

/** The curves of runs over one another: the loss, small charts of what else is measured, and links to other axes. */
export async function curves(runs: readonly Run[], { path, query, axis }: CurvesPlace): Promise<Markup> {
  const hasLoss = runs.some(({ metrics }) =>
    metrics.some(({ loss, validation_loss }) => typeof (loss ?? validation_loss) === "number")
  );
  if (!hasLoss) return markup`<p>No loss has been measured yet; the curve appears with the first.</p>`;
  const names = shortNames(runs.map(({ name }) => name));
  const lines = runs.map(({ metrics }, i) => ({ name: names[i], metrics }));
  const measures = Object.keys(MEASURES) as Measure[];
  const [loss, ...others] = await Promise.all([
    learningCurve("", lines, axis),
    ...measures.map((measure) => measureChart(lines, measure, axis)),
  ]);
  const links = (Object.keys(AXES) as CurveAxis[]).map((other) => {
    const address = withQuery(path, [...query, ["x", other]]);
    return markup`<a href="${address}" id="x-${other}" aria-current="${String(other === axis)}">${AXES[other]}</a>\n`;
  });
  const small = others.filter((svg) => svg !== undefined).map(pageFigure);
  return markup`<div class="choice" role="group" aria-label="Horizontal axis">${links}</div>
<div class="curves">${pageFigure(loss!)}<div class="small-charts">${small}</div></div>`;
}
