import type { Device } from "../tensor/device.ts";
import { fillWithNormals } from "../tensor/fill_with_normals.ts";
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
 * The limits of a device at hand, measured on the spot: the rate of a square matrix product, in float32 and, where the
 * device stores it, bfloat16, and the bytes that a copy reads and writes in a second.
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
  const multiplied = (dtype: "f32" | "bf16") => {
    const [a, b, c] = Array.from({ length: 3 }, () => arena.alloc(width * width, dtype));
    for (const x of [a, b]) fillWithNormals(device, x);
    const seconds = fastest(() => device.matmul({ a, b, c, m: width, n: width, k: width }));
    for (const slice of [a, b, c]) arena.release(slice);
    return 2 * width ** 3 / seconds;
  };
  const [source, destination] = Array.from({ length: 2 }, () => arena.alloc(copied, "f32"));
  for (const x of [source, destination]) fillWithNormals(device, x);
  return {
    title: `${device.name} at hand (${device.backend.description})`,
    peakFlops: {
      float32: multiplied("f32"),
      ...(device.dtypes.includes("bf16") && { bfloat16: multiplied("bf16") }),
    },
    memoryBytes,
    bandwidth: 2 * 4 * copied / fastest(() => device.copy({ source, destination })),
    source: `measured: product of two ${width} × ${width} matrices, copy of ${
      4 * copied
    } bytes, best of ${repetitions}`,
  };
}
