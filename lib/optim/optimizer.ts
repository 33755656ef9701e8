import type { Slice } from "../tensor/slice.ts";

/** What an optimizer remembers of one parameter's gradients, f32 and as long as the parameter. */
export interface Moments {
  /** Decaying mean, or sum, of gradients. */
  first: Slice;
  /** Decaying mean of their squares, where the optimizer has one for this parameter. */
  second?: Slice;
}

/** What training and checkpoints need of an optimizer with moments. */
export interface Optimizer extends Disposable {
  /** Steps done. */
  readonly steps: number;
  /**
   * Changes the weights by one step: `prepareStep()` and `applyStep()`.
   *
   * @throws {RangeError} If the learning rate is not a number of at least 0.
   */
  step(step: { learningRate: number; gradientScale?: Slice }): void;
  /** The first half of a step: counts it and writes its rates to the device. */
  prepareStep(learningRate: number): void;
  /**
   * The second half: the same work in every step, which a device may record once and replay.
   *
   * @param gradientScale One number in device memory by which gradients are multiplied, such as a clip coefficient.
   */
  applyStep(gradientScale?: Slice): void;
  /**
   * The moments that go with a parameter.
   *
   * @param weights The parameter's weights, a piece of those that the optimizer steps.
   * @throws {RangeError} If they are others.
   */
  momentsOf(weights: Slice): Moments;
  /**
   * Counts on from a checkpoint's step, whose moments the caller has uploaded.
   *
   * @throws {RangeError} If the step is no whole number of at least 0.
   */
  resumeAt(step: number): void;
}

/**
 * Checks a step to resume at.
 *
 * @throws {RangeError} If it is no whole number of at least 0.
 */
export function checkStep(step: number): void {
  if (Number.isSafeInteger(step) && step >= 0) return;
  throw new RangeError(`Cannot load the optimizer: step is ${step}; it must be a whole number of at least 0`);
}
