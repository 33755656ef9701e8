import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chartColors, chartGrounds } from "../../lib/plot/chart_theme.ts";
import { pageStyle } from "../../lib/plot/page_style.ts";
import { renderSvg } from "../../lib/plot/render_svg.ts";
import { contrastRatio } from "./contrast_ratio.ts";

/** A line that runs out of its chart, so that there is a clip path. */
function clippedLine(top: number): Promise<string> {
  return renderSvg({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: "A line",
    data: { values: [{ x: 0, y: 0 }, { x: 1, y: 9 }] },
    mark: { type: "line", clip: true },
    encoding: {
      x: { field: "x", type: "quantitative" },
      y: { field: "y", type: "quantitative", scale: { domain: [0, top] } },
    },
    config: { title: { fontSize: 20 } },
  });
}

Deno.test("charts have no ground, and ink that follows the reader's system", async () => {
  const svg = await clippedLine(5);
  const dark = `@media(prefers-color-scheme:dark){.chart{color:${chartGrounds.dark.ink}`;
  assertStringIncludes(svg, `class="chart"`);
  assertStringIncludes(svg, dark);
  assertEquals([...svg.matchAll(/<text[^>]* fill="([^"]*)"/g)].filter(([, fill]) => fill !== "currentColor"), []);
  assertEquals(
    /(fill|stroke)="(#000|black|#fff|white|#ddd)/.test(svg.replace(/<path class="background"[^>]*>/g, "")),
    false,
  );
});

Deno.test("a chart's own configuration comes over the project's, setting by setting", async () => {
  const title = /<text[^>]*font-size="(\d+)px"[^>]*fill="(\w+)"[^>]*>A line</.exec(await clippedLine(5));
  assertEquals(title?.slice(1), ["20", "currentColor"]);
});

Deno.test("charts in one page do not share the names of their clip paths", async () => {
  const names = async (top: number) => {
    const svg = await clippedLine(top);
    const made = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, name]) => name);
    const used = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(([, name]) => name);
    assert(used.length > 0);
    assertEquals(used.filter((name) => !made.includes(name)), []);
    return made;
  };
  const [one, other] = [await names(5), await names(6)];
  assertEquals(one.filter((name) => other.includes(name)), []);
  assertEquals(await names(5), one);
});

Deno.test("every colour of lines stands out on light and on dark ground: contrast of at least 3 to 1", () => {
  for (const { ground, ink } of Object.values(chartGrounds)) {
    for (const color of chartColors) {
      const contrast = contrastRatio(color, ground);
      assert(contrast >= 3, `${color} on ${ground}: ${contrast}`);
    }
    assert(contrastRatio(ink, ground) >= 7);
    assertStringIncludes(pageStyle, `--paper: ${ground}; --ink: ${ink};`);
  }
  assertEquals(new Set(chartColors).size, chartColors.length);
});
