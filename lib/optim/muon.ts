import type { Slice } from "../tensor/slice.ts";
import { type AdamWOptions, adamwRates, adamwSettings } from "./adamw_settings.ts";
import { NewtonSchulz } from "./newton_schulz.ts";
import { checkStep, type Moments, type Optimizer } from "./optimizer.ts";
import { checkLearningRate, gradientsOf, startWithin, type Trainable } from "./trainable.ts";

/** Settings of Muon, and of AdamW for what is no matrix of a block. */
export interface MuonOptions extends AdamWOptions {
  /** Decay of the sum of gradients; 0.95 if left out. */
  momentum?: number;
  /** The matrices' learning rate over that of all else, which a step is given; 20 if left out (0.02 beside 0.001). */
  learningRateRatio?: number;
}

/** Parameters that Muon tells apart: a model's `parameters`. */
export interface NamedTrainable extends Trainable {
  /** By name; `kind` "linear" and "output" are the matrices within blocks. */
  readonly named: ReadonlyMap<string, {
    readonly kind: string;
    readonly shape: readonly number[];
    readonly weights: Slice;
    readonly gradients?: Slice;
  }>;
}

/** A parameter with what a step reads and writes. */
interface Stepped extends Moments {
  weights: Slice;
  gradients: Slice;
  lowPrecisionWeights: Slice | undefined;
}

interface SteppedMatrix extends Stepped {
  rows: number;
  columns: number;
}

/**
 * Muon (Jordan et al., 2024) for the matrices within blocks: momentum of the gradients with Nesterov's look ahead, made
 * nearly orthogonal by {@linkcode NewtonSchulz}, so that a step moves all directions alike and not mostly those with
 * the largest gradients. AdamW for embeddings, head and norms.
 *
 * As published: M = momentum M + G, the direction is that of G + momentum M, and its orthogonalization O is scaled by
 * sqrt(max(1, rows / columns)); then W = (1 - rate * weight decay) W - rate O. The products run in bfloat16 where the
 * model's do. Queries, keys and values are matrices of their own. A matrix has one moment, all else two.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const [weights, gradients] = [arena.alloc(4, "f32"), arena.alloc(4, "f32")];
 * device.fill({ x: weights, value: 0 });
 * device.upload(gradients, new Float32Array([50, 0, 0, -0.5]));
 * const named = new Map([["w", { kind: "linear", shape: [2, 2], weights, gradients }]]);
 * using optimizer = new Muon({ device, weights, gradients, named }, { learningRateRatio: 1 });
 * optimizer.step({ learningRate: 0.1 });
 * const [large, , , small] = device.download(weights);
 * assert(-0.12 < large && large < -0.06 && 0.06 < small && small < 0.12); // alike, though the gradients are not
 * ```
 */
export class Muon implements Optimizer {
  /** What it steps. */
  readonly parameters: NamedTrainable;
  /** Settings, defaults filled in. */
  readonly options: Required<MuonOptions>;
  #steps = 0;
  #matrices: SteppedMatrix[] = [];
  #others: Required<Stepped>[] = [];
  #moments = new Map<number, Moments>();
  #newtonSchulz: NewtonSchulz;
  // AdamW's step size and decay, Muon's rate, and the share of a matrix that its decay leaves.
  #rates: Slice;
  #update: Slice;
  #memory: DisposableStack;

  /**
   * Starts with moments of 0.
   *
   * @throws {RangeError} If a setting is out of its range, the parameters have no gradients, or none is a matrix.
   */
  constructor(parameters: NamedTrainable, options: MuonOptions = {}) {
    const { momentum = 0.95, learningRateRatio = 20 } = options;
    if (!(momentum >= 0 && momentum < 1)) {
      throw new RangeError(`Cannot make Muon: momentum is ${momentum}; it must be at least 0 and below 1`);
    }
    if (!(learningRateRatio > 0 && learningRateRatio < Infinity)) {
      throw new RangeError(`Cannot make Muon: learningRateRatio is ${learningRateRatio}; it must be a number above 0`);
    }
    this.options = { ...adamwSettings("Muon", options), momentum, learningRateRatio };
    this.parameters = parameters;
    gradientsOf(parameters);
    const shapes = [...parameters.named.values()].filter(isMatrix).map(({ shape: [rows, columns] }) =>
      [rows, columns] as const
    );
    if (shapes.length === 0) {
      throw new RangeError("Cannot make Muon: no parameter is a matrix of a block; use AdamW");
    }
    const { device, weights, lowPrecisionWeights } = parameters;
    using undo = new DisposableStack();
    const moments = undo.use(device.arena("optimizer state"));
    const rates = undo.use(device.arena("optimizer rates", 64));
    this.#rates = rates.alloc(4, "f32");
    this.#update = moments.alloc(Math.max(...shapes.map(([rows, columns]) => rows * columns)), "f32");
    const dtype = lowPrecisionWeights === undefined ? "f32" : "bf16";
    this.#newtonSchulz = undo.use(new NewtonSchulz(device, shapes, dtype));
    const zeros = (length: number) => {
      const slice = moments.alloc(length, "f32");
      device.fill({ x: slice, value: 0 });
      return slice;
    };
    for (const parameter of parameters.named.values()) {
      const { length } = parameter.weights;
      const stepped = {
        weights: parameter.weights,
        gradients: parameter.gradients!,
        lowPrecisionWeights: lowPrecisionWeights?.sub(startWithin(weights, parameter.weights), length),
        first: zeros(length),
      };
      if (isMatrix(parameter)) {
        const [rows, columns] = parameter.shape;
        this.#matrices.push({ ...stepped, rows, columns });
        this.#moments.set(parameter.weights.byteOffset, { first: stepped.first });
      } else {
        const second = zeros(length);
        this.#others.push({ ...stepped, second });
        this.#moments.set(parameter.weights.byteOffset, { first: stepped.first, second });
      }
    }
    this.#memory = undo.move();
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Changes the weights by one step.
   *
   * @param step.learningRate Of AdamW; Muon's is this times `learningRateRatio`.
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
    const { learningRateRatio, weightDecay } = this.options;
    const rate = learningRate * learningRateRatio;
    const rates = [...adamwRates(++this.#steps, learningRate, this.options), rate, 1 - rate * weightDecay];
    this.parameters.device.upload(this.#rates, Float32Array.from(rates));
  }

  /** The second half of `step()`: the same work in every step, which a device may record once and replay. */
  applyStep(gradientScale?: Slice): void {
    const { device } = this.parameters;
    const { component, phase } = device.scope;
    Object.assign(device.scope, { component: "muon", phase: "update" });
    for (const matrix of this.#matrices) this.#stepMatrix(matrix, gradientScale);
    Object.assign(device.scope, { component: "adamw" });
    const { beta1, beta2, epsilon } = this.options;
    for (const { first: firstMoments, second: secondMoments, ...parameter } of this.#others) {
      const settings = { beta1, beta2, epsilon, rates: this.#rates, gradientScale };
      device.adamwStep({ ...parameter, firstMoments, secondMoments, ...settings });
    }
    Object.assign(device.scope, { component, phase });
  }

  #stepMatrix({ weights, gradients, lowPrecisionWeights, first, rows, columns }: SteppedMatrix, scale?: Slice): void {
    const { device } = this.parameters;
    const { momentum, weightDecay } = this.options;
    const update = this.#update.sub(0, weights.length);
    if (scale === undefined) device.copy({ source: gradients, destination: update });
    else device.scale({ x: gradients, out: update, factor: scale });
    device.scale({ x: first, out: first, factor: momentum });
    device.axpy({ x: update, y: first, factor: 1 });
    device.axpy({ x: first, y: update, factor: momentum });
    const factor = Math.sqrt(Math.max(1, rows / columns));
    const direction = this.#newtonSchulz.orthogonalize(update, rows, columns, factor);
    const [rate, kept] = [this.#rates.sub(2, 1), this.#rates.sub(3, 1)];
    if (weightDecay > 0) device.scale({ x: weights, out: weights, factor: kept });
    device.sgdStep({ weights, gradients: direction, rate, lowPrecisionWeights });
  }

  /**
   * The moments that go with a parameter: one for a matrix, two for all else.
   *
   * @throws {RangeError} If these are not the weights of a parameter that this optimizer steps.
   */
  momentsOf(weights: Slice): Moments {
    const moments = this.#moments.get(weights.byteOffset);
    const isOurs = weights.block === this.parameters.weights.block && moments?.first.length === weights.length;
    if (moments === undefined || !isOurs) {
      throw new RangeError("Cannot find the moments: these are not the weights of a parameter that Muon steps");
    }
    return moments;
  }

  /** Counts on from a checkpoint's step. */
  resumeAt(step: number): void {
    checkStep(step);
    this.#steps = step;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#memory.dispose();
  }
}

function isMatrix({ kind }: { kind: string }): boolean {
  return kind === "linear" || kind === "output";
}
