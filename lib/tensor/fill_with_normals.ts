import type { Device } from "./device.ts";
import { Random } from "./random.ts";
import type { Slice } from "./slice.ts";

// So many numbers are drawn; more repeat them, which no measurement can notice.
const DRAWN = 1 << 16;

/**
 * Fills a slice of floats with normal numbers, for measurements: on equal numbers a GPU draws less power, and runs
 * faster than on a model's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = arena.alloc(200_000, "f32");
 * fillWithNormals(device, x);
 * const numbers = device.download(x);
 * assertEquals(Math.round(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length), 1);
 * ```
 */
export function fillWithNormals(device: Device, slice: Slice): void {
  const random = new Random(0);
  let filled = Math.min(slice.length, DRAWN);
  device.upload(slice.sub(0, filled), Float32Array.from({ length: filled }, () => random.normal()));
  while (filled < slice.length) {
    const count = Math.min(filled, slice.length - filled);
    device.copy({ source: slice.sub(0, count), destination: slice.sub(filled, count) });
    filled += count;
  }
}
