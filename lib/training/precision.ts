import type { Device } from "../tensor/device.ts";
import type { TrainingConfig } from "./training_config.ts";

/**
 * The format in which a model multiplies on a device at a precision.
 *
 * @param precision Float32 if left out.
 * @throws {RangeError} If the device does not compute in it.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Device } from "../tensor/device.ts";
 * using device = new Device(new ReferenceBackend());
 * assertEquals(dtypeAt(device, undefined), "f32");
 * ```
 */
export function dtypeAt(device: Device, precision: TrainingConfig["precision"]): "f32" | "bf16" {
  const dtype = precision === "bfloat16" ? "bf16" : "f32";
  if (device.dtypes.includes(dtype)) return dtype;
  throw new RangeError(
    `Cannot use precision ${precision}: the device ${device.name} computes in float32; ` +
      `use precision float32, or the device cuda`,
  );
}
