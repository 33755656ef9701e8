import { Device } from "../lib/tensor/device.ts";
import { BlasBackend } from "./cpu/blas_backend.ts";
import { NoBlasError } from "./cpu/blas_library.ts";
import { CpuBackend, type CpuOptions } from "./cpu/cpu_backend.ts";

/** Kinds of devices that compute. */
export const deviceNames = ["auto", "cpu", "blas"] as const;

/** A kind of device; "auto" is the fastest that can be opened with the permissions granted, without asking for more. */
export type DeviceName = typeof deviceNames[number];

/**
 * Opens a device.
 *
 * @param name "cpu": WebAssembly SIMD on all processors, nothing installed; "blas": the same with matrix products from a BLAS library;
 * "auto": "blas" where a library is installed and permitted, else "cpu".
 * @param options Threads; the machine's processors if left out.
 * @throws {RangeError} If the name is not known or the number of threads is out of range.
 * @throws {Error} If "blas" finds no library, with the paths tried.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * using device = openDevice("cpu", { threads: 1 });
 * assertEquals(device.name, "cpu");
 * ```
 */
export function openDevice(name: DeviceName = "auto", options: CpuOptions = {}): Device {
  switch (name) {
    case "auto":
      return new Device(blasIfThere(options) ?? new CpuBackend(options));
    case "cpu":
      return new Device(new CpuBackend(options));
    case "blas":
      return new Device(new BlasBackend(options));
    default:
      throw new RangeError(`Cannot open the device "${name}": it is not known; try ${deviceNames.join(", ")}`);
  }
}

function blasIfThere(options: CpuOptions): BlasBackend | undefined {
  try {
    return new BlasBackend(options);
  } catch (error) {
    if (error instanceof NoBlasError) return undefined;
    throw error;
  }
}
