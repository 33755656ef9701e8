import type { TopLevelSpec } from "npm:vega-lite@6.4.1";

/**
 * Draws a Vega-Lite chart as a self-contained SVG document, without a browser. The library is loaded at the first call, so
 * that what never draws starts as fast as if there were no charts.
 *
 * @throws {Error} If the specification is not one of Vega-Lite.
 */
export async function renderSvg(specification: TopLevelSpec): Promise<string> {
  const [{ compile }, { parse, View }] = await Promise.all([
    import("npm:vega-lite@6.4.1"),
    import("npm:vega@6.2.0"),
  ]);
  const view = new View(parse(compile(specification).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg + "\n";
}
