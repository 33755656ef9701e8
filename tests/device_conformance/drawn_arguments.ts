import type { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { compareNumbers } from "./conformance.ts";
import { drawnCases } from "./drawn_cases.ts";
import { PoisonedBench } from "./poisoned_bench.ts";

/** What the cases that a seed draws give, by their names; fails if anything beside their arguments has changed. */
export function drawnResults(device: Device, seed: number): Map<string, Map<string, Float32Array<ArrayBuffer>>> {
  const cases = Object.entries(drawnCases(new Random(seed)));
  return new Map(cases.map(([title, run]) => {
    using bench = new PoisonedBench(device, seed);
    const results = new Map(Object.entries(run(bench)).map(([name, slice]) => [name, device.download(slice)]));
    bench.assertUntouched();
    return [title, results];
  }));
}

/** Throws at the first number of the cases that a seed draws in which two devices differ by more than rounding. */
export function compareDrawn(reference: Device, device: Device, seed: number): void {
  const actual = drawnResults(device, seed);
  for (const [title, expected] of drawnResults(reference, seed)) {
    // A result that is 0 but for rounding is small beside the others.
    const floor = 0.1 *
      Math.max(...expected.values().flatMap((numbers) => numbers.map(Math.abs)).filter(Number.isFinite));
    for (const [name, numbers] of expected) {
      compareNumbers(`${title}: ${name}`, numbers, actual.get(title)!.get(name)!, 1e-4, floor);
    }
  }
}
