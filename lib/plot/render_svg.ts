import type { TopLevelSpec } from "vega-lite";
import { chartGrounds, chartTheme } from "./chart_theme.ts";

let libraries: ReturnType<typeof loadLibraries> | undefined;

// One after the other and once for all charts: Deno 2.9.6 can panic ("RefCell already borrowed") where several calls
// load the same modules at the same time.
async function loadLibraries() {
  return [await import("vega-lite"), await import("vega")] as const;
}

/**
 * Draws a Vega-Lite chart as a self-contained SVG document in the project's look, without a browser. It can be read on
 * light and on dark ground, by itself as well as inside of a page, and several fit into one page. The library is loaded
 * at the first call, so that what never draws starts as fast as if there were no charts.
 *
 * @param specification The chart; its own `config` comes over the project's.
 * @throws {Error} If the specification is not one of Vega-Lite.
 */
export async function renderSvg(specification: TopLevelSpec): Promise<string> {
  const [{ compile }, { mergeConfig, parse, View }] = await (libraries ??= loadLibraries());
  const config = mergeConfig(chartTheme, specification.config ?? {});
  const view = new View(parse(compile({ ...specification, config }).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return await withOwnNames(withGrounds(svg)) + "\n";
}

// The class is the chart's own, so that the style changes nothing else in a page that holds the chart.
function withGrounds(svg: string): string {
  const rule = ({ ink, ground }: { ink: string; ground: string }) => `.chart{color:${ink};--ground:${ground}}`;
  const style = `<style>${rule(chartGrounds.light)}` +
    `@media(prefers-color-scheme:dark){${rule(chartGrounds.dark)}}</style>`;
  return svg.replace(`class="marks"`, `class="chart"`).replace(/(?<=^<svg[^>]*>)/, style);
}

/**
 * Gives what a chart refers to by name (clip paths, gradients) names that depend on the chart alone and that no other
 * chart has. The library counts them over all charts of a process; and in a page that holds several charts, a name
 * means the first thing of that name.
 */
async function withOwnNames(svg: string): Promise<string> {
  const names = Array.from(svg.matchAll(/ id="([^"]+)"/g), ([, name]) => name);
  const renamed = (prefix: string) =>
    svg.replace(/(?<= id="|url\(#)[^")]+/g, (name) => `${prefix}-${names.indexOf(name)}`);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(renamed("chart")));
  return renamed(`chart-${new Uint8Array(digest, 0, 4).toHex()}`);
}
