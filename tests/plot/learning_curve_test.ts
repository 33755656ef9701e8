import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { learningCurve } from "../../lib/plot/learning_curve.ts";
import type { Metrics } from "../../lib/training/metrics.ts";

function run(lines: number): Metrics[] {
  return Array.from({ length: lines }, (_, i): Metrics[] => [
    { step: i + 1, tokens: 64 * (i + 1), seconds: i / 10, loss: 9 / (1 + i / 50) },
    ...(i % 20 === 19
      ? [{ step: i + 1, tokens: 64 * (i + 1), seconds: i / 10, validation_loss: 10 / (1 + i / 50) }]
      : []),
  ]).flat();
}

/** Numbers of points of the lines in an SVG document. */
function lineLengths(svg: string): number[] {
  return [
    ...svg.matchAll(
      /<path aria-roledescription="line mark" d="([^"]*)"|class="[^"]*mark-line[^"]*"[^>]*>\s*<path[^>]*d="([^"]*)"/g,
    ),
  ]
    .map(([, a, b]) => (a ?? b).split("L").length);
}

Deno.test("several runs are drawn together, each labelled", async () => {
  const svg = await learningCurve("Two runs", [{ name: "small", metrics: run(40) }, {
    name: "large",
    metrics: run(60),
  }]);
  for (const text of ["Two runs", "small", "large", "loss, nats per token", "optimizer steps"]) {
    assertStringIncludes(svg, text);
  }
  assertStringIncludes(svg, "<svg");
});

Deno.test("long runs are averaged to what the chart's width can show", async () => {
  const svg = await learningCurve("Long", [{ name: "long", metrics: run(10_000) }], "tokens");
  assert(svg.length < 200_000, `the document has ${svg.length} characters`);
  assert(Math.max(...lineLengths(svg)) > 100);
});

Deno.test("losses that are not finite are left out, and nothing at all is refused", async () => {
  const metrics: Metrics[] = [{ step: 1, tokens: 1, seconds: 1, loss: 2 }, {
    step: 2,
    tokens: 2,
    seconds: 2,
    loss: null,
  }];
  assertEquals((await learningCurve("t", [{ name: "a", metrics }])).includes("NaN"), false);
  await assertRejects(
    () => learningCurve("t", [{ name: "a", metrics: metrics.slice(1) }]),
    RangeError,
    "no run has a finite loss yet",
  );
});
