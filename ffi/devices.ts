import { type Backend, Device } from "../lib/tensor/device.ts";
import { BlasBackend } from "./cpu/blas_backend.ts";
import { NoBlasError } from "./cpu/blas_library.ts";
import { CpuBackend, type CpuOptions } from "./cpu/cpu_backend.ts";
import { CudaBackend } from "./cuda/cuda_backend.ts";
import type { CudaOptions } from "./cuda/cuda_runtime.ts";
import { LibraryNotFoundError } from "./cuda/find_library.ts";

/** Kinds of devices that compute. */
export const deviceNames = ["auto", "cpu", "blas", "cuda"] as const;

/** A kind of device; "auto" is the fastest that can be opened with the permissions granted, without asking for more. */
export type DeviceName = typeof deviceNames[number];

/** How a device is opened; each kind takes what concerns it. */
export interface DeviceOptions extends CpuOptions {
  /** For "cuda": which GPU, and how. */
  cuda?: CudaOptions;
  /** Hears why "auto" does not take a faster kind of device, one line for each. */
  onPassedOver?: (reason: string) => void;
}

/**
 * Opens a device. It is to be disposed of, by `using` or by hand, which returns its memory and ends its threads.
 * Threads of the processor that have nothing to do for a second or two end anyway, so that they keep no program from
 * ending.
 *
 * @param name "cpu": WebAssembly SIMD on all processors, nothing installed; "blas": the same with matrix products from
 * a BLAS library; "cuda": an NVIDIA GPU (so far run on an emulation only); "auto": "cuda" where it works, else "blas"
 * where a library is installed and permitted, else "cpu".
 * @param options Threads (the machine's processors if left out), the GPU, and who hears what "auto" passes over.
 * @throws {RangeError} If the name is not known or the number of threads is out of range.
 * @throws {Error} If "blas" or "cuda" lacks a library, with the paths tried, or the GPU does not work, with what to do.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * using device = openDevice("cpu", { threads: 1 });
 * assertEquals(device.name, "cpu");
 * ```
 */
export function openDevice(name: DeviceName = "auto", options: DeviceOptions = {}): Device {
  switch (name) {
    case "auto":
      return new Device(fastest(options));
    case "cpu":
      return new Device(new CpuBackend(options));
    case "blas":
      return new Device(new BlasBackend(options));
    case "cuda":
      return new Device(new CudaBackend(options.cuda));
    default:
      throw new RangeError(`Cannot open the device "${name}": it is not known; try ${deviceNames.join(", ")}`);
  }
}

function fastest(options: DeviceOptions): Backend {
  try {
    return new CudaBackend(options.cuda);
  } catch (error) {
    // Whatever keeps a GPU from working, the machine's processors are there.
    if (!(error instanceof Error)) throw error;
    const reason = error instanceof LibraryNotFoundError ? error.reason : error.message;
    options.onPassedOver?.(`cuda not used: ${reason}`);
  }
  try {
    return new BlasBackend(options);
  } catch (error) {
    if (!(error instanceof NoBlasError)) throw error;
    options.onPassedOver?.(`blas not used: ${error.reason}`);
    return new CpuBackend(options);
  }
}
