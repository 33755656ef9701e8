import type { Device } from "../tensor/device.ts";
import type { DeviceLimits } from "./device_presets.ts";

/** How a device is measured. */
export interface MeasureOptions {
  /** What the device's memory is, which it cannot be asked. */
  memoryBytes: bigint;
  /** Width of the square matrices; 1,024 if left out. */
  width?: number;
  /** Elements of the copied slice, which should be far more than the caches hold; 2^24 (64 MiB) if left out. */
  copied?: number;
  /** Repetitions, of which the fastest counts: others were disturbed. 5 if left out. */
  repetitions?: number;
  /** A clock in milliseconds; tests replace it. */
  now?: () => number;
}

/**
 * The limits of a device at hand, measured on the spot: the rate of a square float32 matrix product, and the bytes that a
 * copy reads and writes in a second.
 */
export function measureDevice(device: Device, options: MeasureOptions): DeviceLimits {
  const { memoryBytes, width = 1_024, copied = 2 ** 24, repetitions = 5, now = () => performance.now() } = options;
  const fastest = (work: () => void): number => {
    let seconds = Infinity;
    for (let i = 0; i < repetitions; i++) {
      const start = now();
      work();
      device.synchronize();
      seconds = Math.min(seconds, (now() - start) / 1_000);
    }
    return seconds;
  };
  using arena = device.arena("measuring");
  const [a, b, c] = Array.from({ length: 3 }, () => arena.alloc(width * width, "f32"));
  const [source, destination] = Array.from({ length: 2 }, () => arena.alloc(copied, "f32"));
  for (const x of [a, b, source, destination]) device.fill({ x, value: 1 });
  return {
    title: `${device.name} at hand (${device.backend.description})`,
    peakFlops: { float32: 2 * width ** 3 / fastest(() => device.matmul({ a, b, c, m: width, n: width, k: width })) },
    memoryBytes,
    bandwidth: 2 * 4 * copied / fastest(() => device.copy({ source, destination })),
    source: `measured: product of two ${width} × ${width} matrices, copy of ${
      4 * copied
    } bytes, best of ${repetitions}`,
  };
}
