import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { shareBar } from "../../lib/plot/share_bar.ts";
import { shareChart } from "../../lib/plot/share_chart.ts";

Deno.test("shareChart() draws every bar, part and title in one SVG document, each bar as long as its share", async () => {
  const svg = await shareChart("FLOPs & shares", [
    { name: "small", shares: { attention: 0.25, "feed-forward": 0.75 } },
    { name: "large", shares: { attention: 0.5, "feed-forward": 0.5 } },
  ]);
  assertMatch(svg, /^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assertMatch(svg, /<\/svg>\n$/);
  for (const text of ["FLOPs &amp; shares", "small", "large", "attention", "feed-forward", "25 %", "75 %", "50 %"]) {
    assertStringIncludes(svg, `>${text}</text>`);
  }
  const bars = [...svg.matchAll(/aria-roledescription="bar" d="M([\d.]+),[\d.]+h([\d.]+)v/g)]
    .map(([, from, width]) => [Number(from), Number(width)]);
  assertEquals(bars, [[0, 140], [140, 420], [0, 280], [280, 280]]);
});

Deno.test("shareChart() draws bars in the order given, not in that of the alphabet", async () => {
  const shares = { all: 1 };
  const svg = await shareChart("order", [{ name: "zebra", shares }, { name: "ant", shares }]);
  assertEquals(svg.indexOf(">zebra<") < svg.indexOf(">ant<"), true);
});

Deno.test("shareChart() refuses shares that do not sum to 1, and no bars", async () => {
  await assertRejects(() => shareChart("none", []), RangeError, "there are no bars");
  await assertRejects(() => shareChart("x", [{ name: "half", shares: { a: 0.5 } }]), RangeError, "they sum to 0.5");
  await assertRejects(() => shareChart("x", [{ name: "odd", shares: { a: NaN } }]), RangeError, "they sum to NaN");
});

Deno.test("shareBar() is exact to an eighth of a character and stays within its width", () => {
  assertEquals([0, 1 / 8, 0.5, 0.99, 1].map((share) => shareBar(share, 1)), ["", "▏", "▌", "█", "█"]);
  assertEquals(shareBar(1.5, 4), "████");
  assertEquals(shareBar(-1, 4), "");
});
