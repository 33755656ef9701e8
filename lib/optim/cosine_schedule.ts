import { checkSchedule } from "./check_schedule.ts";

/** Shape of the learning rate over a training. */
export interface CosineSchedule {
  /** Reached at the end of the warm-up. */
  maxLearningRate: number;
  /** Reached at the end of the cosine, and kept. */
  minLearningRate: number;
  /** Steps of the rise from 0. */
  warmupSteps: number;
  /** Step at which the fall ends. */
  cosineSteps: number;
}

/**
 * Learning rate at a step of the cosine schedule with linear warm-up (handout, learning rate scheduling; Loshchilov and
 * Hutter, 2017): from 0 up to `maxLearningRate` over `warmupSteps`, along half a cosine down to `minLearningRate` at
 * `cosineSteps`, and constant from there.
 *
 * @param step Zero-based optimizer step.
 * @throws {RangeError} If `cosineSteps` is smaller than `warmupSteps`, or a number is missing or below 0.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * const schedule = { maxLearningRate: 1e-3, minLearningRate: 1e-4, warmupSteps: 10, cosineSteps: 110 };
 * assertAlmostEquals(cosineSchedule(5, schedule), 5e-4);
 * assertAlmostEquals(cosineSchedule(60, schedule), 5.5e-4);
 * assertAlmostEquals(cosineSchedule(1000, schedule), 1e-4);
 * ```
 */
export function cosineSchedule(step: number, schedule: CosineSchedule): number {
  const { maxLearningRate, minLearningRate, warmupSteps, cosineSteps } = schedule;
  checkSchedule({ step, maxLearningRate, minLearningRate, warmupSteps, cosineSteps });
  if (cosineSteps < warmupSteps) {
    throw new RangeError(
      `Cannot schedule the learning rate: cosineSteps is ${cosineSteps}, warmupSteps ${warmupSteps}; ` +
        `let the cosine end at or after the warm-up`,
    );
  }
  if (step < warmupSteps) return maxLearningRate * step / warmupSteps;
  if (step >= cosineSteps) return minLearningRate;
  const progress = (step - warmupSteps) / (cosineSteps - warmupSteps);
  return minLearningRate + (maxLearningRate - minLearningRate) * (1 + Math.cos(Math.PI * progress)) / 2;
}
