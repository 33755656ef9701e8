import { renderSvg } from "../plot/render_svg.ts";

/** The losses of one learning rate. */
export interface ToyCourse {
  /** Stands at the line's end. */
  name: string;
  /** Before each step and after the last. */
  losses: readonly number[];
}

/**
 * Draws how a loss goes by powers of ten, step by step, as an SVG document: what the problem learning_rate_tuning asks.
 *
 * @param courses One line each; a loss of 0, infinity or NaN has no place on a logarithmic axis and is left out.
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * assertStringIncludes(await toyChart("Toy", [{ name: "rate 10", losses: [25, 16, 1e-30] }]), "rate 10");
 * ```
 */
export async function toyChart(title: string, courses: readonly ToyCourse[]): Promise<string> {
  const points = courses.flatMap(({ name, losses }) =>
    losses.map((loss, step) => ({ name, step, loss })).filter(({ loss }) => loss > 0 && loss < Infinity)
  );
  const ends = courses.flatMap(({ name }) => points.filter((point) => point.name === name).slice(-1));
  return await renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: 480,
    height: 300,
    data: { values: points },
    encoding: {
      x: { field: "step", type: "quantitative", title: "steps done", axis: { grid: false, tickMinStep: 1 } },
      y: {
        ...{ field: "loss", type: "quantitative", title: "loss" },
        ...{ scale: { type: "log" }, axis: { format: ".0e", tickCount: 6 } },
      },
      color: { field: "name", type: "nominal", scale: { domain: courses.map(({ name }) => name) }, legend: null },
    },
    layer: [
      { mark: { type: "line", strokeWidth: 2, point: { size: 40 } } },
      {
        data: { values: ends },
        mark: { type: "text", align: "left", dx: 8 },
        encoding: { text: { field: "name" } },
      },
    ],
  });
}
