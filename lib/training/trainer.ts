import type { TokenBatch } from "../data/token_batch.ts";
import { TransformerLM } from "../model/transformer_lm.ts";
import { GradientClipper } from "../optim/clip_grad_norm.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Arena } from "../tensor/arena.ts";
import type { Device } from "../tensor/device.ts";
import { RepeatedWork } from "../tensor/repeated_work.ts";
import type { Slice } from "../tensor/slice.ts";
import { Tape } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { learningRateAt } from "./learning_rate.ts";
import { makeOptimizer } from "./make_optimizer.ts";
import { dtypeAt } from "./precision.ts";
import type { TrainingConfig } from "./training_config.ts";

// Steps whose results wait in device memory at most, however seldom they are asked for.
const MOST_RESULTS = 1 << 16;

/** What steps gave, read back from the device. */
export interface StepResults {
  /** Mean loss of each step, nats per token, in the order of steps. */
  losses: Float32Array;
  /** Global norm of each step's gradient before clipping. */
  gradientNorms: Float32Array;
}

/** One place in device memory for the batches of a step, one after the other, and the work on them there. */
interface BatchPlace {
  /** Batches of a step. */
  count: number;
  tokens: Tensor;
  targets: Tensor;
  /** Of the first, middle and last batch of a step, or of one that is both: each is the same in every step. */
  works: Map<string, RepeatedWork>;
}

/**
 * A model with its optimizer, and the work of one training step: gradients of several batches, clipping, the optimizer.
 * A step reads nothing back and, from the second one on, takes no new memory from the device.
 *
 * A device that can record (see `Device.records`) is given each batch as one recorded piece of work from the second
 * time on; clearing the gradients belongs to the first batch of a step, the optimizer to the last. So all that changes
 * from step to step is written to device memory before it (token ids, learning rates), and what a step gives has one
 * fixed place, from which it is copied to that of its number. More batches in a step take no more memory.
 */
export class Trainer implements Disposable {
  /** What is trained. */
  readonly model: TransformerLM;
  /** Its optimizer, which counts the steps. */
  readonly optimizer: Optimizer;
  /** Memory of one step, free between steps: evaluation may use it. */
  readonly activations: Arena;
  #config: TrainingConfig;
  #clipper: GradientClipper;
  #tape: Tape;
  #batchMemory: Arena;
  #place: BatchPlace | undefined;
  // Loss and gradient norm: of the last step, and of every step since they were read.
  #result: Slice;
  #results: Slice;
  #pending = 0;
  #memory: DisposableStack;

  /** Makes the model with its first weights and an optimizer that has done no step. */
  constructor(device: Device, config: TrainingConfig) {
    this.#config = config;
    const dtype = dtypeAt(device, config.precision);
    using undo = new DisposableStack();
    this.model = undo.use(new TransformerLM(device, config.model, { seed: config.seed, dtype }));
    this.optimizer = undo.use(makeOptimizer(this.model.parameters, config.optimizer));
    this.#clipper = undo.use(new GradientClipper(device));
    this.activations = undo.use(device.arena("activations"));
    this.#tape = undo.use(new Tape(device, { arena: this.activations, dtype }));
    this.#batchMemory = undo.use(device.arena("batches"));
    const results = undo.use(device.arena("results"));
    this.#result = results.alloc(2, "f32");
    this.#results = results.alloc(2 * Math.min(config.log_every, MOST_RESULTS), "f32");
    this.#memory = undo.move();
  }

  /** Steps done. */
  get steps(): number {
    return this.optimizer.steps;
  }

  /** Steps whose results have not been read yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether there is no room for another step's results: there is for log_every steps, and for 65,536 at most. */
  get isFull(): boolean {
    return 2 * this.#pending === this.#results.length;
  }

  /** Learning rate of the step that makes the number of steps `step`: the schedule counts from 1, so none is 0. */
  learningRate(step: number): number {
    return learningRateAt(step, this.#config.optimizer);
  }

  /**
   * One optimizer step on the mean loss of the batches, whose gradients are added up one batch after the other.
   *
   * @throws {RangeError} If there is no batch, or no room for another step's results.
   */
  step(batches: readonly TokenBatch[]): void {
    for (const _ of this.stepByBatch(batches, batches.length));
  }

  /**
   * As `step()`, coming back after every batch but the last. A step that is left there has changed no weights and no
   * moments, and does not count.
   *
   * @param batches `count` of them, taken when their turn comes.
   * @throws {RangeError} If there is no batch, or no room for another step's results.
   */
  *stepByBatch(batches: Iterable<TokenBatch>, count: number): Generator<void, void> {
    const { optimizer } = this;
    const { device } = this.model;
    if (this.isFull) {
      throw new RangeError(`Cannot step: the results of ${this.#pending} steps wait; call readResults() before`);
    }
    if (!(count >= 1)) throw new RangeError(`Cannot step: there are ${count} batches; give at least one`);
    let taken = 0;
    for (const batch of batches) {
      const isLast = ++taken === count;
      const work = this.#write(batch, count, { isFirst: taken === 1, isLast });
      if (isLast) optimizer.prepareStep(this.learningRate(optimizer.steps + 1));
      work.run();
      if (!isLast) yield;
    }
    device.copy({ source: this.#result, destination: this.#results.sub(2 * this.#pending, 2) });
    this.#pending++;
  }

  /** Waits for the device and returns what the steps since the last call gave. */
  readResults(): StepResults {
    const { device } = this.model;
    const count = this.#pending;
    this.#pending = 0;
    if (count === 0) return { losses: new Float32Array(0), gradientNorms: new Float32Array(0) };
    const results = device.download(this.#results.sub(0, 2 * count));
    const every = (first: number) => Float32Array.from({ length: count }, (_, step) => results[2 * step + first]);
    return { losses: every(0), gradientNorms: every(1) };
  }

  /** The parameter with the largest gradient in the last step; one that is not finite counts as the largest. */
  largestGradient(): { name: string; norm: number } {
    const { device, parameters } = this.model;
    using arena = device.arena("gradient norms");
    const sum = arena.alloc(1, "f32");
    let largest = { name: "", norm: -1 };
    for (const [name, { gradients }] of parameters.named) {
      device.sumOfSquares({ x: gradients!, out: sum, factor: 1 });
      const norm = Math.sqrt(device.download(sum)[0]);
      if (!(norm <= largest.norm)) largest = { name, norm };
      if (!Number.isFinite(norm)) break;
    }
    return largest;
  }

  /** Returns the memory of training and of the model. */
  [Symbol.dispose](): void {
    this.#forgetWork();
    this.#memory.dispose();
  }

  // Writes a batch to device memory, and returns the work on it: that of the steps before unless sizes differ.
  #write({ inputs, targets }: TokenBatch, count: number, turn: { isFirst: boolean; isLast: boolean }): RepeatedWork {
    const { device, config: { context_length } } = this.model;
    const { length } = inputs;
    if (this.#place?.tokens.slice.length !== length || this.#place.count !== count) {
      this.#forgetWork();
      this.#batchMemory.reset();
      const tensor = () =>
        new Tensor(this.#batchMemory.alloc(length, "i32"), [length / context_length, context_length]);
      this.#place = { count, tokens: tensor(), targets: tensor(), works: new Map() };
    }
    const place = this.#place;
    device.upload(place.tokens.slice, inputs);
    device.upload(place.targets.slice, targets);
    const name = JSON.stringify(turn);
    let work = place.works.get(name);
    if (work === undefined) {
      work = new RepeatedWork(device, () => this.#compute(place, turn));
      place.works.set(name, work);
    }
    return work;
  }

  #forgetWork(): void {
    for (const work of this.#place?.works.values() ?? []) work[Symbol.dispose]();
    this.#place = undefined;
  }

  #compute(place: BatchPlace, { isFirst, isLast }: { isFirst: boolean; isLast: boolean }): void {
    const { model: { device, parameters } } = this;
    const loss = this.#result.sub(0, 1);
    if (isFirst) {
      device.fill({ x: loss, value: 0 });
      parameters.zeroGradients();
    }
    this.#addGradients(place, loss);
    if (!isLast) return;
    // With several devices, each with its own batches, this is the place to sum `parameters.gradients` over them: all
    // batches have been added and nothing has read the sum.
    this.#clipper.measure(parameters.gradients!, this.#config.max_grad_norm);
    device.copy({ source: this.#clipper.norm, destination: this.#result.sub(1, 1) });
    this.optimizer.applyStep(this.#clipper.coefficient);
  }

  #addGradients({ tokens, targets, count }: BatchPlace, sum: Slice): void {
    const tape = this.#tape;
    tape.reset();
    const loss = this.model.loss(tape, tokens, targets, { gradientScale: 1 / count });
    this.model.device.axpy({ x: loss.slice, y: sum, factor: 1 / count });
    tape.backward(loss);
  }
}
