import { Device } from "../lib/tensor/device.ts";
import { CpuBackend, type CpuOptions } from "./cpu/cpu_backend.ts";

/** Kinds of devices that compute. */
export const deviceNames = ["auto", "cpu"] as const;

/** A kind of device; "auto" is the best that needs nothing installed and no permission beyond reading. */
export type DeviceName = typeof deviceNames[number];

/**
 * Opens a device.
 *
 * @param name "cpu": WebAssembly SIMD on all processors; "auto": the same.
 * @param options Threads, for devices that have them.
 * @throws {RangeError} If the name is not known or the number of threads is out of range.
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
    case "cpu":
      return new Device(new CpuBackend(options));
    default:
      throw new RangeError(`Cannot open the device "${name}": it is not known; try ${deviceNames.join(", ")}`);
  }
}
