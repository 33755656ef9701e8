import { z } from "zod";
import { type DeviceName, openDevice } from "../../ffi/devices.ts";
import type { CudaOptions } from "../../ffi/cuda/cuda_runtime.ts";
import { dtypeAt } from "../../lib/training/precision.ts";
import type { TrainingConfig } from "../../lib/training/training_config.ts";
import type { Device } from "../../mod.ts";
import type { Report } from "../frame/report.ts";
import { UsageError } from "../frame/usage_error.ts";
import { KERNEL_CACHE } from "./kernel_cache.ts";

/** Number of a GPU. */
export const gpuNumber = z.int().min(0).default(0).describe("number of the GPU, as deno task device lists them");

/** What a command line says of where and how to compute. */
export interface Computing {
  device: DeviceName;
  threads?: number;
  precision?: TrainingConfig["precision"];
  cuda?: CudaOptions;
}

/**
 * Opens the device that was asked for, and tells which faster ones "auto" has passed over.
 *
 * @throws {UsageError} If the device is named and does not compute in the precision that is asked for.
 * @throws {RangeError} If it is the one that "auto" found which does not.
 */
export function openComputing({ device: name, threads, precision, cuda }: Computing, report: Report): Device {
  using undo = new DisposableStack();
  const device = undo.use(openDevice(name, {
    threads,
    cuda: { ...cuda, kernelCache: KERNEL_CACHE },
    onPassedOver: (reason) => report.say(`Device: ${reason}`),
  }));
  try {
    dtypeAt(device, precision);
  } catch (error) {
    throw name !== "auto" && error instanceof RangeError ? new UsageError(error.message) : error;
  }
  undo.move();
  return device;
}
