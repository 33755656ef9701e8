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

/** Token ids and targets of one batch in device memory. */
interface DeviceBatch {
  tokens: Tensor;
  targets: Tensor;
}

/**
 * A model with its optimizer, and the work of one training step: gradients of several batches, clipping, the optimizer.
 * A step reads nothing back and, from the second one on, takes no new memory from the device.
 *
 * A device that can record (see `Device.records`) is given a step as one recorded piece of work from the second one on.
 * So all that changes from step to step is written to device memory before it (token ids, learning rates), and what a
 * step gives has one fixed place, from which it is copied to that of its number.
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
  #batches: readonly DeviceBatch[] = [];
  #work: RepeatedWork | undefined;
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
   * One optimizer step on the mean loss of the batches, which are one after the other in memory.
   *
   * @throws {RangeError} If there is no room for another step's results.
   */
  step(batches: readonly TokenBatch[]): void {
    const { optimizer } = this;
    const { device } = this.model;
    if (this.isFull) {
      throw new RangeError(`Cannot step: the results of ${this.#pending} steps wait; call readResults() before`);
    }
    const work = this.#write(batches);
    optimizer.prepareStep(this.learningRate(optimizer.steps + 1));
    work.run();
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
    this.#work?.[Symbol.dispose]();
    this.#memory.dispose();
  }

  // Writes batches to device memory, and returns the work of a step on them: that of the steps before unless sizes
  // differ.
  #write(batches: readonly TokenBatch[]): RepeatedWork {
    const { device, config: { context_length } } = this.model;
    const fits = batches.length === this.#batches.length &&
      batches.every(({ inputs }, i) => inputs.length === this.#batches[i].tokens.slice.length);
    if (!fits || this.#work === undefined) {
      this.#work?.[Symbol.dispose]();
      this.#batchMemory.reset();
      this.#batches = batches.map(({ inputs: { length } }) => {
        const tensor = () =>
          new Tensor(this.#batchMemory.alloc(length, "i32"), [length / context_length, context_length]);
        return { tokens: tensor(), targets: tensor() };
      });
      this.#work = new RepeatedWork(device, () => this.#compute());
    }
    batches.forEach(({ inputs, targets }, i) => {
      device.upload(this.#batches[i].tokens.slice, inputs);
      device.upload(this.#batches[i].targets.slice, targets);
    });
    return this.#work;
  }

  #compute(): void {
    const { model: { device, parameters } } = this;
    const loss = this.#result.sub(0, 1);
    device.fill({ x: loss, value: 0 });
    parameters.zeroGradients();
    for (const batch of this.#batches) this.#addGradients(batch, loss, 1 / this.#batches.length);
    // With several devices, each with its own batches, this is the place to sum `parameters.gradients` over them: all
    // batches have been added and nothing has read the sum.
    this.#clipper.measure(parameters.gradients!, this.#config.max_grad_norm);
    device.copy({ source: this.#clipper.norm, destination: this.#result.sub(1, 1) });
    this.optimizer.applyStep(this.#clipper.coefficient);
  }

  #addGradients({ tokens, targets }: DeviceBatch, sum: Slice, share: number): void {
    const tape = this.#tape;
    tape.reset();
    const loss = this.model.loss(tape, tokens, targets, { gradientScale: share });
    this.model.device.axpy({ x: loss.slice, y: sum, factor: share });
    tape.backward(loss);
  }
}
