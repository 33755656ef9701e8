import { lookUp } from "./look_up.ts";

/** What bounds a computation on a device. */
export interface DeviceLimits {
  /** For people. */
  title: string;
  /** Peak FLOP/s of matrix products, dense, by the format of their operands; sums are in float32. */
  peakFlops: {
    /** float32 proper, without tensor cores. */
    float32: number;
    /** Tensor cores with operands rounded to TensorFloat-32; left out where there are none. */
    tf32?: number;
    /** Tensor cores with bfloat16 operands; left out where there are none. */
    bfloat16?: number;
  };
  /** Memory. Data sheets say GB and mean about 2^30 bytes, of which the driver keeps some (with ECC on an L4, 6 %). */
  memoryBytes: bigint;
  /** Peak bytes/s between memory and processor. */
  bandwidth: number;
  /** Where the figures are from. */
  source: string;
}

const gibibyte = 2n ** 30n;

/**
 * Devices by name, with their makers' figures. Where a data sheet gives tensor-core rates with 2:4 sparsity, here is
 * half of them, the dense rate.
 */
export const devicePresets = {
  "a100": {
    title: "NVIDIA A100 SXM 80 GB",
    peakFlops: { float32: 19.5e12, tf32: 156e12, bfloat16: 312e12 },
    memoryBytes: 80n * gibibyte,
    bandwidth: 2_039e9,
    source: "NVIDIA A100 Tensor Core GPU data sheet (2021)",
  },
  "h100": {
    title: "NVIDIA H100 SXM 80 GB",
    peakFlops: { float32: 67e12, tf32: 494.5e12, bfloat16: 989.5e12 },
    memoryBytes: 80n * gibibyte,
    bandwidth: 3_350e9,
    source: "NVIDIA H100 Tensor Core GPU data sheet (2023); tensor cores 989 and 1,979 TFLOP/s with sparsity",
  },
  "h200": {
    title: "NVIDIA H200 SXM 141 GB",
    peakFlops: { float32: 67e12, tf32: 494.5e12, bfloat16: 989.5e12 },
    memoryBytes: 141n * gibibyte,
    bandwidth: 4_800e9,
    source: "NVIDIA H200 Tensor Core GPU data sheet (2024); tensor cores 989 and 1,979 TFLOP/s with sparsity",
  },
  "b200": {
    title: "NVIDIA B200 SXM 180 GB (HGX)",
    peakFlops: { float32: 75e12, tf32: 1_100e12, bfloat16: 2_250e12 },
    memoryBytes: 180n * gibibyte,
    bandwidth: 7_700e9,
    source: "NVIDIA Blackwell data sheet, HGX B200 (2025); tensor cores 2.2 and 4.5 PFLOP/s with sparsity",
  },
  "rtx4090": {
    title: "NVIDIA GeForce RTX 4090 24 GB",
    peakFlops: { float32: 82.6e12, tf32: 82.6e12, bfloat16: 165.2e12 },
    memoryBytes: 24n * gibibyte,
    bandwidth: 1_008e9,
    source: "NVIDIA Ada GPU Architecture white paper (2022), appendix A, sums in float32",
  },
  "l4": {
    title: "NVIDIA L4 24 GB",
    peakFlops: { float32: 30.3e12, tf32: 60e12, bfloat16: 121e12 },
    memoryBytes: 24n * gibibyte,
    bandwidth: 300e9,
    source: "NVIDIA L4 Tensor Core GPU data sheet (2023); tensor cores 120 and 242 TFLOP/s with sparsity",
  },
} as const satisfies Record<string, DeviceLimits>;

/**
 * A device by its preset's name.
 *
 * @throws {RangeError} If there is no such preset; one that is near is named.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(devicePreset("a100").peakFlops.float32, 19.5e12);
 * ```
 */
export function devicePreset(name: string): DeviceLimits {
  return lookUp<DeviceLimits>(devicePresets, name, "device preset");
}

/** Formats in which a device multiplies matrices. */
export type MatrixFormat = keyof DeviceLimits["peakFlops"];

/**
 * A device's peak FLOP/s for matrix products in a format.
 *
 * @throws {RangeError} If the device has no such rate; the message names those that it has.
 */
export function peakFlops(device: DeviceLimits, format: MatrixFormat): number {
  const peak = device.peakFlops[format];
  if (peak === undefined) {
    throw new RangeError(
      `Cannot use ${format} on ${device.title}: no peak is known for it; try ${
        Object.keys(device.peakFlops).join(", ")
      }`,
    );
  }
  return peak;
}
