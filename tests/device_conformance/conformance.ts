import { Device } from "../../lib/tensor/device.ts";
import type { Operations } from "../../lib/tensor/operations.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { cases } from "./cases.ts";
import { type Case, Workbench } from "./workbench.ts";

/** How far a device may be from the reference, relative to the largest magnitude of a result. */
export interface Tolerance {
  /** For forward operations. */
  forward: number;
  /** For operations whose name ends in Backward. */
  backward: number;
}

/**
 * Registers the tests that every device must pass: each operation on the cases of cases.ts, compared with the
 * definitions in float64. Call it once per device (and number of threads) from a test file.
 */
export function conformance(
  name: string,
  open: () => Device | Promise<Device>,
  tolerance: Tolerance = { forward: 1e-5, backward: 1e-4 },
): void {
  for (const operation of Object.keys(cases) as (keyof Operations)[]) {
    const limit = operation.endsWith("Backward") ? tolerance.backward : tolerance.forward;
    Deno.test(`${name}: ${operation}() agrees with the definition in float64`, async (t) => {
      using device = await open();
      using reference = new Device(new ReferenceBackend());
      for (const [title, run] of Object.entries(cases[operation])) {
        await t.step(title, () => compareCase(reference, device, run, limit));
      }
      if (device.memory.usedBytes !== 0 || device.memory.reservedBytes !== 0) {
        throw new Error(
          `${device.memory.usedBytes} bytes in use, ${device.memory.reservedBytes} reserved after the last case`,
        );
      }
    });
  }
}

/** Runs a case on two devices and throws at the first number that differs by more than the tolerance allows. */
export function compareCase(reference: Device, device: Device, run: Case, tolerance: number): void {
  using expectedBench = new Workbench(reference, 1);
  using actualBench = new Workbench(device, 1);
  const [expected, actual] = [run(expectedBench), run(actualBench)];
  const results = Object.keys(expected).map((name) => [name, read(reference, expected[name])] as const);
  // A result that is 0 but for rounding (the gradient of a single attention score) is small beside the others.
  const floor = 0.1 * Math.max(...results.map(([, numbers]) => largestMagnitude(numbers)));
  for (const [name, numbers] of results) {
    compareNumbers(name, numbers, read(device, actual[name]), tolerance, floor);
  }
}

/** Throws at the first number that differs by more than `tolerance` times the largest magnitude expected. */
export function compareNumbers(
  name: string,
  expected: ArrayLike<number>,
  actual: ArrayLike<number>,
  tolerance: number,
  floor: number = 0,
): void {
  if (actual.length !== expected.length) throw new Error(`${name}: ${actual.length} elements, not ${expected.length}`);
  const limit = tolerance * Math.max(floor, largestMagnitude(expected));
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || Math.abs(actual[i] - expected[i]) <= limit) continue;
    throw new Error(`${name}[${i}] is ${actual[i]}, expected ${expected[i]} (tolerance ${limit})`);
  }
}

function largestMagnitude(numbers: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    if (Number.isFinite(numbers[i])) largest = Math.max(largest, Math.abs(numbers[i]));
  }
  return largest;
}

function read(device: Device, slice: Slice): Float32Array | Int32Array {
  return slice.dtype === "i32" ? device.download(slice, new Int32Array(slice.length)) : device.download(slice);
}
