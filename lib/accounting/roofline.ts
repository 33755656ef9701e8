import { type DeviceLimits, type MatrixFormat, peakFlops } from "./device_presets.ts";
import { evaluate, type Values } from "./expression.ts";
import type { ImplementationOperation } from "./implementation_operations.ts";

/** How one component of a pass lies under a device's roof (Williams et al., 2009). */
export interface RooflinePoint {
  /** The component, with `*` for the layer. */
  component: string;
  /** All FLOPs, of matrix products and others. */
  flops: bigint;
  /** Bytes that must move between memory and processor. */
  bytes: bigint;
  /** FLOPs for each byte. */
  intensity: number;
  /** What bounds it: moving its bytes takes longer than its arithmetic, or not. */
  bound: "memory" | "arithmetic";
  /** Seconds that it takes at least. */
  seconds: number;
}

/**
 * Which components of a pass are bound by memory and which by arithmetic on a device. Arithmetic that is no matrix
 * product runs at the device's float32 peak, whatever the format of the products. In bfloat16 half the bytes move, but
 * for the optimizer's; the few numbers that stay float32 (ids, roots of norms, losses) are halved with the rest.
 *
 * @param operations Of one pass, such as `forwardOperations()`.
 * @param values Of the symbols that the operations have.
 * @throws {RangeError} If the device has no peak for the format.
 */
export function roofline(
  operations: readonly ImplementationOperation[],
  values: Values,
  device: DeviceLimits,
  format: MatrixFormat,
): RooflinePoint[] {
  const rates = { matrix: peakFlops(device, format), other: device.peakFlops.float32 };
  const points = new Map<string, { matrix: bigint; other: bigint; bytes: bigint }>();
  for (const { component, phase, flops, otherFlops, bytesRead, bytesWritten } of operations) {
    const bytes = evaluate(bytesRead, values) + evaluate(bytesWritten, values);
    const point = points.get(component) ?? { matrix: 0n, other: 0n, bytes: 0n };
    points.set(component, {
      matrix: point.matrix + evaluate(flops, values),
      other: point.other + evaluate(otherFlops, values),
      bytes: point.bytes + (format === "bfloat16" && phase !== "update" ? bytes / 2n : bytes),
    });
  }
  return [...points].map(([component, { matrix, other, bytes }]) => {
    const arithmetic = Number(matrix) / rates.matrix + Number(other) / rates.other;
    const moving = Number(bytes) / device.bandwidth;
    return {
      component,
      flops: matrix + other,
      bytes,
      intensity: Number(matrix + other) / Number(bytes),
      bound: moving > arithmetic ? "memory" : "arithmetic",
      seconds: Math.max(moving, arithmetic),
    };
  });
}
