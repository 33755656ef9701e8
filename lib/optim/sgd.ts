import type { Arena } from "../tensor/arena.ts";
import type { Slice } from "../tensor/slice.ts";
import { checkLearningRate, gradientsOf, type Trainable } from "./trainable.ts";

/**
 * Gradient descent as the handout's toy has it: step t (from 0) goes against the gradient by learning rate / sqrt(t +
 * 1).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const [weights, gradients] = [arena.alloc(1, "f32"), arena.alloc(1, "f32")];
 * device.fill({ x: weights, value: 1 });
 * device.fill({ x: gradients, value: 2 });
 * using optimizer = new Sgd({ device, weights, gradients });
 * optimizer.step({ learningRate: 0.1 });
 * assertAlmostEquals(device.download(weights)[0], 0.8, 1e-6);
 * optimizer.step({ learningRate: 0.1 });
 * assertAlmostEquals(device.download(weights)[0], 0.8 - 0.2 / Math.sqrt(2), 1e-6);
 * ```
 */
export class Sgd implements Disposable {
  /** What it steps. */
  readonly parameters: Trainable;
  #steps = 0;
  #rate: Slice;
  #arena: Arena;

  /**
   * Starts at step 0.
   *
   * @throws {RangeError} If the parameters have no gradients.
   */
  constructor(parameters: Trainable) {
    gradientsOf(parameters);
    this.parameters = parameters;
    this.#arena = parameters.device.arena("optimizer rates", 64);
    this.#rate = this.#arena.alloc(1, "f32");
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Changes the weights by one step against their gradients, which are multiplied by `gradientScale` if given.
   *
   * @throws {RangeError} If the learning rate is not a number of at least 0; nothing is changed then.
   */
  step({ learningRate, gradientScale }: { learningRate: number; gradientScale?: Slice }): void {
    const { device, weights, lowPrecisionWeights } = this.parameters;
    const gradients = gradientsOf(this.parameters);
    checkLearningRate(learningRate);
    device.upload(this.#rate, new Float32Array([learningRate / Math.sqrt(++this.#steps)]));
    const { component, phase } = device.scope;
    Object.assign(device.scope, { component: "sgd", phase: "update" });
    device.sgdStep({ weights, gradients, rate: this.#rate, gradientScale, lowPrecisionWeights });
    Object.assign(device.scope, { component, phase });
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#arena[Symbol.dispose]();
  }
}
