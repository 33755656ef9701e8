import { checkSchedule } from "./check_schedule.ts";

/** Shape of the learning rate over a training. */
export interface LinearSchedule {
  /** Reached at the end of the warm-up, and kept until the decay. */
  maxLearningRate: number;
  /** Reached at the end of the decay, and kept. */
  minLearningRate: number;
  /** Steps of the rise from 0. */
  warmupSteps: number;
  /** Steps of the fall. */
  decaySteps: number;
  /** Step at which the fall ends. */
  lastStep: number;
}

/**
 * Learning rate at a step of the linear schedule (also called trapezoidal, or warm-up, stable, decay; Zhai et al.,
 * 2022; Hu et al., 2024; Hägele et al., 2024): from 0 up to `maxLearningRate` over `warmupSteps`, constant, and along a
 * line down to `minLearningRate` over the `decaySteps` before `lastStep`.
 *
 * @param step Zero-based optimizer step.
 * @throws {RangeError} If warm-up and decay together are longer than `lastStep`, or a number is missing or below 0.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * const schedule = { maxLearningRate: 1e-3, minLearningRate: 0, warmupSteps: 10, decaySteps: 40, lastStep: 100 };
 * assertAlmostEquals(linearSchedule(5, schedule), 5e-4);
 * assertAlmostEquals(linearSchedule(60, schedule), 1e-3);
 * assertAlmostEquals(linearSchedule(90, schedule), 2.5e-4);
 * ```
 */
export function linearSchedule(step: number, schedule: LinearSchedule): number {
  const { maxLearningRate, minLearningRate, warmupSteps, decaySteps, lastStep } = schedule;
  checkSchedule({ step, maxLearningRate, minLearningRate, warmupSteps, decaySteps, lastStep });
  if (warmupSteps + decaySteps > lastStep) {
    throw new RangeError(
      `Cannot schedule the learning rate: warmupSteps is ${warmupSteps}, decaySteps ${decaySteps}, lastStep ${lastStep}; ` +
        `let warm-up and decay together be no longer than that`,
    );
  }
  if (step < warmupSteps) return maxLearningRate * step / warmupSteps;
  if (step >= lastStep) return minLearningRate;
  const left = Math.min(1, (lastStep - step) / decaySteps);
  return minLearningRate + (maxLearningRate - minLearningRate) * left;
}
