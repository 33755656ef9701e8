import type { Slice } from "../tensor/slice.ts";
import { type AdamWOptions, adamwRates, adamwSettings } from "./adamw_settings.ts";
import { checkStep, type Moments, type Optimizer } from "./optimizer.ts";
import { checkLearningRate, gradientsOf, startWithin, type Trainable } from "./trainable.ts";

/** What AdamW needs to go on exactly where it was. */
export interface AdamWState {
  /** Steps done. */
  step: number;
  /** As long as the weights. */
  firstMoments: Float32Array;
  /** As long as the weights. */
  secondMoments: Float32Array;
}

/**
 * AdamW as the handout writes it (Loshchilov and Hutter, 2019): Adam with its bias correction in the step size, and
 * weight decay apart from the gradient. All weights are one flat piece of memory and one operation.
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
 * device.fill({ x: gradients, value: 3 });
 * using optimizer = new AdamW({ device, weights, gradients }, { weightDecay: 0 });
 * optimizer.step({ learningRate: 0.1 });
 * assertAlmostEquals(device.download(weights)[0], 0.9, 1e-6); // the first step has the size of the learning rate
 * ```
 */
export class AdamW implements Optimizer {
  /** What it steps. */
  readonly parameters: Trainable;
  /** f32, as long as the weights. */
  readonly firstMoments: Slice;
  /** f32, as long as the weights. */
  readonly secondMoments: Slice;
  /** Settings, defaults filled in. */
  readonly options: Required<AdamWOptions>;
  #steps = 0;
  #rates: Slice;
  #memory: DisposableStack;

  /**
   * Starts with moments of 0.
   *
   * @throws {RangeError} If a setting is out of its range, or the parameters have no gradients.
   */
  constructor(parameters: Trainable, options: AdamWOptions = {}) {
    gradientsOf(parameters);
    this.options = adamwSettings("AdamW", options);
    this.parameters = parameters;
    const { device, weights } = parameters;
    using undo = new DisposableStack();
    const moments = undo.use(device.arena("optimizer state", 2 * (weights.bytes + 64)));
    const rates = undo.use(device.arena("optimizer rates", 64));
    this.firstMoments = moments.alloc(weights.length, "f32");
    this.secondMoments = moments.alloc(weights.length, "f32");
    this.#rates = rates.alloc(2, "f32");
    device.fill({ x: this.firstMoments, value: 0 });
    device.fill({ x: this.secondMoments, value: 0 });
    this.#memory = undo.move();
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Changes the weights by one step against their gradients.
   *
   * @param step.learningRate Size of the step.
   * @param step.gradientScale One number in device memory by which gradients are multiplied, such as a clip
   * coefficient.
   * @throws {RangeError} If the learning rate is not a number of at least 0; nothing is changed then.
   */
  step({ learningRate, gradientScale }: { learningRate: number; gradientScale?: Slice }): void {
    this.prepareStep(learningRate);
    this.applyStep(gradientScale);
  }

  /** The first half of `step()`: counts it and writes its rates to the device. */
  prepareStep(learningRate: number): void {
    checkLearningRate(learningRate);
    const rates = adamwRates(++this.#steps, learningRate, this.options);
    this.parameters.device.upload(this.#rates, Float32Array.from(rates));
  }

  /** The second half of `step()`: the same work in every step, which a device may record once and replay. */
  applyStep(gradientScale?: Slice): void {
    const { device, weights, lowPrecisionWeights } = this.parameters;
    const { beta1, beta2, epsilon } = this.options;
    const { component, phase } = device.scope;
    Object.assign(device.scope, { component: "adamw", phase: "update" });
    device.adamwStep({
      weights,
      gradients: gradientsOf(this.parameters),
      lowPrecisionWeights,
      gradientScale,
      beta1,
      beta2,
      epsilon,
      firstMoments: this.firstMoments,
      secondMoments: this.secondMoments,
      rates: this.#rates,
    });
    Object.assign(device.scope, { component, phase });
  }

  /**
   * The moments that go with a piece of the weights.
   *
   * @throws {RangeError} If it is no piece of the weights that this optimizer steps.
   */
  momentsOf(weights: Slice): Required<Moments> {
    const start = startWithin(this.parameters.weights, weights);
    const [first, second] = [this.firstMoments, this.secondMoments].map((all) => all.sub(start, weights.length));
    return { first, second };
  }

  /** Counts on from a checkpoint's step. */
  resumeAt(step: number): void {
    checkStep(step);
    this.#steps = step;
  }

  /** What is needed to go on exactly here. */
  state(): AdamWState {
    const { device } = this.parameters;
    return {
      step: this.#steps,
      firstMoments: device.download(this.firstMoments),
      secondMoments: device.download(this.secondMoments),
    };
  }

  /**
   * Goes on from a state.
   *
   * @throws {RangeError} If the moments are not as long as the weights.
   */
  load({ step, firstMoments, secondMoments }: AdamWState): void {
    const { device, weights } = this.parameters;
    checkStep(step);
    if (firstMoments.length !== weights.length || secondMoments.length !== weights.length) {
      throw new RangeError(
        `Cannot load the optimizer: it has ${firstMoments.length} and ${secondMoments.length} moments for ` +
          `${weights.length} weights; use the configuration that it was saved with`,
      );
    }
    device.upload(this.firstMoments, firstMoments);
    device.upload(this.secondMoments, secondMoments);
    this.#steps = step;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#memory.dispose();
  }
}
