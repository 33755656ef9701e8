/**
 * Seconds that a computation takes on a device of a peak rate at a model FLOPs utilization (Chowdhery et al., 2022).
 *
 * @param flops The model's own FLOPs, without any that are computed again.
 * @param peak The device's peak FLOP/s.
 * @param mfu The share of the peak that is reached, above 0 and at most 1.
 * @throws {RangeError} If `mfu` or `peak` is out of range.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(secondsAtMfu(39n * 10n ** 12n, 19.5e12, 0.5), 4);
 * ```
 */
export function secondsAtMfu(flops: bigint, peak: number, mfu: number): number {
  if (!(mfu > 0 && mfu <= 1)) {
    throw new RangeError(`Cannot tell the time: mfu is ${mfu}; it must be above 0 and at most 1`);
  }
  if (!(peak > 0 && Number.isFinite(peak))) {
    throw new RangeError(`Cannot tell the time: the peak is ${peak} FLOP/s; it must be above 0`);
  }
  return Number(flops) / (peak * mfu);
}
