import type { TopLevelSpec } from "vega-lite";

/**
 * Draws a Vega-Lite chart as a self-contained SVG document, without a browser. The library is loaded at the first call, so
 * that what never draws starts as fast as if there were no charts.
 *
 * @throws {Error} If the specification is not one of Vega-Lite.
 */
export async function renderSvg(specification: TopLevelSpec): Promise<string> {
  const [{ compile }, { parse, View }] = await Promise.all([
    import("vega-lite"),
    import("vega"),
  ]);
  const view = new View(parse(compile(specification).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg + "\n";
}
