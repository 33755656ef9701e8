import { assertEquals } from "@std/assert";
import { meanCurve } from "../../lib/experiments/mean_curve.ts";
import { stabilityOf } from "../../lib/experiments/stability.ts";
import { outcomeOf } from "./small_runs.ts";

const courseOf = (losses: (number | null)[]) =>
  losses.map((loss, i) => ({ step: 10 * (i + 1), tokens: 640 * (i + 1), seconds: i, loss }));

Deno.test("a run is stable whose loss never rises above its start", () => {
  assertEquals(stabilityOf({ outcome: outcomeOf(), metrics: courseOf([7, 5, 6.9, 3]) }), "stable");
});

Deno.test("a loss that rises above its start and falls again has exploded and recovered", () => {
  assertEquals(stabilityOf({ outcome: outcomeOf(), metrics: courseOf([7, 8.3, 6, 5]) }), "exploded and recovered");
});

Deno.test("a diverged run is diverged whatever its lines say", () => {
  const outcome = outcomeOf({ state: "diverged" });
  assertEquals(stabilityOf({ outcome, metrics: courseOf([7, null]) }), "diverged");
});

Deno.test("the mean curve has the steps that all seeds measured, training and evaluation apart", () => {
  const line = (step: number, change: Record<string, number>) => ({
    step,
    tokens: 64 * step,
    seconds: step,
    ...change,
  });
  const first = [line(1, { loss: 4 }), line(2, { loss: 3 }), line(2, { validation_loss: 3.5 }), line(3, { loss: 2 })];
  const second = [line(1, { loss: 5 }), line(2, { loss: 4 }), line(2, { validation_loss: 4.5 })];
  assertEquals(meanCurve([first, second]), [
    line(1, { loss: 4.5 }),
    line(2, { loss: 3.5 }),
    line(2, { validation_loss: 4 }),
  ]);
});

Deno.test("a loss that is no number in one seed is none in the mean", () => {
  assertEquals(meanCurve([courseOf([4, null]), courseOf([5, 3])]), [
    { step: 10, tokens: 640, seconds: 0, loss: 4.5 },
    { step: 20, tokens: 1280, seconds: 1 },
  ]);
});
