import { renderSvg } from "./render_svg.ts";

/** A bar of the chart: a whole and the shares of its parts. */
export interface ShareBar {
  /** What stands beside the bar. */
  name: string;
  /** Shares by part, in the order in which they are stacked; they sum to 1. */
  shares: Readonly<Record<string, number>>;
}

/**
 * A chart of shares: one horizontal bar for each whole, one colour for each part, as an SVG document.
 *
 * @param title Written above the bars.
 * @param bars From top to bottom; all with the same parts.
 * @throws {RangeError} If there are no bars, or the shares of one do not sum to 1.
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const svg = await shareChart("Shares", [{ name: "GPT-2 XL", shares: { attention: 0.25, "feed-forward": 0.75 } }]);
 * assertStringIncludes(svg, "feed-forward");
 * ```
 */
export async function shareChart(title: string, bars: readonly ShareBar[]): Promise<string> {
  if (bars.length === 0) throw new RangeError("Cannot draw the shares: there are no bars; give at least one");
  for (const { name, shares } of bars) {
    const whole = Object.values(shares).reduce((a, b) => a + b, 0);
    if (!(Math.abs(whole - 1) < 1e-6)) {
      throw new RangeError(`Cannot draw the shares of ${name}: they sum to ${whole}; they must sum to 1`);
    }
  }
  const parts = Object.keys(bars[0].shares);
  const values = bars.flatMap(({ name, shares }) =>
    parts.map((part, order) => ({ name, part, order, share: shares[part], label: percent(shares[part]) }))
  );
  return await renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    width: 560,
    height: { step: 32 },
    data: { values },
    encoding: {
      y: { field: "name", type: "nominal", sort: bars.map(({ name }) => name), title: null },
      x: { field: "share", type: "quantitative", stack: "zero", title: null, axis: { format: "%" } },
      order: { field: "order" },
    },
    layer: [
      {
        mark: { type: "bar" },
        encoding: {
          color: { field: "part", type: "nominal", sort: parts, title: null, legend: { orient: "bottom" } },
        },
      },
      {
        mark: { type: "text", color: "white" },
        transform: [{ filter: "datum.share >= 0.04" }],
        encoding: {
          x: { field: "share", type: "quantitative", stack: "zero", bandPosition: 0.5 },
          text: { field: "label" },
          detail: { field: "part" },
        },
      },
    ],
    config: { legend: { columnPadding: 24 } },
  });
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
