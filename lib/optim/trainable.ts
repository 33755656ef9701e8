import type { Device } from "../tensor/device.ts";
import { BYTES_PER_ELEMENT, type Slice } from "../tensor/slice.ts";

/** What an optimizer steps: all weights in one piece of memory, their gradients in another (a model's `parameters`). */
export interface Trainable {
  /** Where they are. */
  readonly device: Device;
  /** f32. */
  readonly weights: Slice;
  /** As long as weights; undefined in a model that is not trained. */
  readonly gradients: Slice | undefined;
  /** bf16 copy of the weights, which a step renews; undefined without one. */
  readonly lowPrecisionWeights?: Slice | undefined;
}

/**
 * Index of a piece's first element among all weights.
 *
 * @throws {RangeError} If the piece lies elsewhere.
 */
export function startWithin(weights: Slice, piece: Slice): number {
  const start = (piece.byteOffset - weights.byteOffset) / BYTES_PER_ELEMENT[weights.dtype];
  if (piece.block === weights.block && start >= 0 && start + piece.length <= weights.length) return start;
  throw new RangeError(
    "Cannot find the moments: these are not weights that the optimizer steps; give the optimizer of this model",
  );
}

/**
 * Checks the learning rate of a step, before the step changes anything.
 *
 * @throws {RangeError} If it is not a number of at least 0.
 */
export function checkLearningRate(learningRate: number): void {
  if (learningRate >= 0 && learningRate < Infinity) return;
  throw new RangeError(`Cannot step: learningRate is ${learningRate}; it must be a number of at least 0`);
}

/**
 * The gradients of what an optimizer shall step.
 *
 * @throws {RangeError} If there are none.
 */
export function gradientsOf({ gradients }: Trainable): Slice {
  if (gradients === undefined) {
    throw new RangeError("Cannot train these parameters: they have no gradients; make the model with trainable: true");
  }
  return gradients;
}
