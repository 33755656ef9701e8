import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
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

/** The texts that stand at ends of lines, with their heights in pixels. */
function endLabels(svg: string): Map<string, number> {
  const labels = svg.matchAll(/<text aria-label[^>]*translate\([\d.]+,([-\d.]+)\)"[^>]*>([^<]+)<\/text>/g);
  return new Map([...labels].map(([, y, text]) => [text, Number(y)]));
}

Deno.test("several runs are drawn together, each labelled", async () => {
  const svg = await learningCurve("Two runs", [{ name: "small", metrics: run(40) }, {
    name: "large",
    metrics: run(60),
  }]);
  for (const text of ["Two runs", "small", "large", "loss, nats per token", "optimizer steps"]) {
    assertStringIncludes(svg, text);
  }
  const ends = endLabels(svg);
  assertEquals(ends.get("large")! > ends.get("small")!, true);
});

Deno.test("of one run its two lines are labelled", async () => {
  const ends = endLabels(await learningCurve("One", [{ name: "only", metrics: run(40) }]));
  assertEquals([ends.has("training"), ends.has("validation"), ends.has("only")], [true, true, false]);
});

Deno.test("a run measured at 0 alone is drawn and labelled", async () => {
  const metrics = [{ step: 0, tokens: 0, seconds: 0, loss: 3 }, { step: 0, tokens: 0, seconds: 0, validation_loss: 2 }];
  for (const axis of ["step", "tokens", "seconds"] as const) {
    const svg = await learningCurve("Begun", [{ name: "only", metrics }], axis);
    assertEquals([...endLabels(svg).keys()].sort(), ["training", "validation"]);
  }
});

Deno.test("labels of runs that end alike do not cover each other", async () => {
  const names = ["a", "b", "c"];
  const ends = endLabels(await learningCurve("Alike", names.map((name) => ({ name, metrics: run(60) }))));
  const heights = names.map((name) => ends.get(name)!).sort((a, b) => a - b);
  heights.slice(1).forEach((height, i) => assert(height - heights[i] > 14, `heights ${heights}`));
});

Deno.test("a run that explodes leaves the chart, labelled where it does, and keeps its scale", async () => {
  const exploded = run(30).map((line) => ({ ...line, loss: line.step > 20 ? 10 ** line.step : line.loss }));
  const alone = await learningCurve("One", [{ name: "sane", metrics: run(60) }]);
  const both = await learningCurve("Both", [{ name: "sane", metrics: run(60) }, { name: "gone", metrics: exploded }]);
  const yAxis = (svg: string) => /Y-axis titled [^"]*/.exec(svg)?.[0];
  assertEquals(yAxis(both), yAxis(alone));
  const height = endLabels(both).get("gone")!;
  assert(height >= 0 && height <= 300, `height ${height}`);
});

Deno.test("a run that had exploded when it was first measured does not flatten the others", async () => {
  const sane = { name: "sane", metrics: run(60) };
  const gone = { name: "gone", metrics: [{ step: 5, tokens: 320, seconds: 1, loss: 9e6 }] };
  const rising = {
    name: "rising",
    metrics: [4, 2e6].map((loss, i) => ({ step: 5 + i, tokens: 320, seconds: i, loss })),
  };
  const yAxis = (svg: string) => /Y-axis titled [^"]*/.exec(svg)?.[0];
  const alone = await learningCurve("One", [sane]);
  assertEquals(yAxis(await learningCurve("All", [sane, gone, rising])), yAxis(alone));
  assertEquals([...endLabels(await learningCurve("None that learns", [gone, rising])).keys()], ["gone", "rising"]);
});

Deno.test("the horizontal axis is steps, tokens, or time in the unit that suits it", async () => {
  const metrics = run(40);
  const titled = async (axis: "step" | "tokens" | "seconds", slower = 1) => {
    const slow = metrics.map((line) => ({ ...line, seconds: line.seconds * slower }));
    return /X-axis titled '([^']*)'/.exec(await learningCurve("t", [{ name: "a", metrics: slow }], axis))?.[1];
  };
  assertEquals(await titled("step"), "optimizer steps");
  assertEquals(await titled("tokens"), "tokens");
  assertEquals(await titled("seconds"), "wall-clock time, seconds");
  assertEquals(await titled("seconds", 1000), "wall-clock time, minutes");
  assertEquals(await titled("seconds", 10_000), "wall-clock time, hours");
});

Deno.test("a run's name is text, whatever it says", async () => {
  const name = `"><script>alert("1")</script>`;
  const svg = await learningCurve(name, [{ name, metrics: run(40) }, { name: "b", metrics: run(40) }]);
  assertEquals(svg.includes("<script"), false);
  assertMatch(svg, /<text[^>]*>"&gt;&lt;script&gt;alert\("1"\)/);
  assertMatch(svg, /aria-label="[^"]*&quot;&gt;&lt;script&gt;alert\(&quot;1&quot;\)/);
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

Deno.test("hundreds of steps and of seconds are written out, not as powers of ten", async () => {
  const metrics = run(120).map((line) => ({ ...line, seconds: line.step }));
  for (const axis of ["step", "seconds"] as const) {
    const svg = await learningCurve("Loss", [{ name: "long", metrics }], axis);
    assertStringIncludes(svg, ">100</text>");
    assertEquals(svg.match(/>[\d.]+e\+\d+</g), null);
  }
});
