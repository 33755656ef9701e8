import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { compareSeeds, spreadOf } from "../../lib/experiments/noise.ts";

Deno.test("compareSeeds() gives the interval of Student's t-test", () => {
  // Student's own data on sleep; R's t.test(extra ~ group, data = sleep, var.equal = TRUE) gives -3.363874 to 0.203874.
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { difference, uncertainty, verdict } = compareSeeds(first, second);
  assertAlmostEquals(difference, 1.58, 1e-9);
  // The quantiles past the table's end are close, not exact.
  assertAlmostEquals(uncertainty, (3.363874 + 0.203874) / 2, 0.01);
  assertEquals(verdict, "within the noise");
});

Deno.test("compareSeeds() of three seeds each uses four degrees of freedom", () => {
  const [first, second] = [[2.9238, 2.9311, 2.9270], [2.9040, 2.9155, 2.9093]];
  const variance = (spreadOf(first).deviation ** 2 + spreadOf(second).deviation ** 2) / 2;
  const { difference, uncertainty, verdict } = compareSeeds(first, second);
  assertAlmostEquals(difference, -0.0177, 1e-9);
  assertAlmostEquals(uncertainty, 2.776 * Math.sqrt(variance * 2 / 3), 1e-9);
  assertEquals(verdict, "lower");
  assertEquals(compareSeeds(second, first).verdict, "higher");
});

Deno.test("a single seed borrows the other group's spread, two single seeds say nothing", () => {
  const { uncertainty, verdict } = compareSeeds([2.0, 2.1, 1.9], [2.4]);
  assertAlmostEquals(uncertainty, 4.303 * 0.1 * Math.sqrt(1 / 3 + 1), 1e-9);
  assertEquals(verdict, "within the noise");
  const alone = compareSeeds([2], [1]);
  assert(Number.isNaN(alone.uncertainty));
  assertEquals([alone.difference, alone.verdict], [-1, "unknown"]);
});

Deno.test("a group without values is refused", () => {
  assertThrows(() => compareSeeds([], [1]), RangeError, "there are no values");
});
