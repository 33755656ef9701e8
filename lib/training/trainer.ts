import type { TokenBatch } from "../data/token_batch.ts";
import { TransformerLM } from "../model/transformer_lm.ts";
import { AdamW } from "../optim/adamw.ts";
import { GradientClipper } from "../optim/clip_grad_norm.ts";
import { cosineSchedule } from "../optim/cosine_schedule.ts";
import type { Arena } from "../tensor/arena.ts";
import type { Device } from "../tensor/device.ts";
import type { Slice } from "../tensor/slice.ts";
import { Tape } from "../tensor/tape.ts";
import type { TrainingConfig } from "./training_config.ts";

/** What steps gave, read back from the device. */
export interface StepResults {
  /** Mean loss of each step, nats per token, in the order of steps. */
  losses: Float32Array;
  /** Global norm of each step's gradient before clipping. */
  gradientNorms: Float32Array;
}

/**
 * A model with its optimizer, and the work of one training step: gradients of several batches, clipping, AdamW. A step
 * reads nothing back and, from the second one on, takes no new memory from the device.
 */
export class Trainer implements Disposable {
  /** What is trained. */
  readonly model: TransformerLM;
  /** Its optimizer, which counts the steps. */
  readonly optimizer: AdamW;
  /** Memory of one step, free between steps: evaluation may use it. */
  readonly activations: Arena;
  #config: TrainingConfig;
  #clipper: GradientClipper;
  #tape: Tape;
  #results: Arena;
  #losses: Slice;
  #gradientNorms: Slice;
  #pending = 0;

  /** Makes the model with its first weights and an optimizer that has done no step. */
  constructor(device: Device, config: TrainingConfig) {
    const { beta1, beta2, eps, weight_decay } = config.optimizer;
    this.#config = config;
    this.model = new TransformerLM(device, config.model, { seed: config.seed });
    this.optimizer = new AdamW(this.model.parameters, { beta1, beta2, epsilon: eps, weightDecay: weight_decay });
    this.#clipper = new GradientClipper(device);
    this.activations = device.arena("activations");
    this.#tape = new Tape(device, { arena: this.activations });
    this.#results = device.arena("results");
    this.#losses = this.#results.alloc(config.log_every, "f32");
    this.#gradientNorms = this.#results.alloc(config.log_every, "f32");
  }

  /** Steps done. */
  get steps(): number {
    return this.optimizer.steps;
  }

  /** Steps whose results have not been read yet; `readResults()` must be called before they are more than log_every. */
  get pending(): number {
    return this.#pending;
  }

  /** Learning rate of the step that makes the number of steps `step`: the schedule counts from 1, so none is 0. */
  learningRate(step: number): number {
    const { max_learning_rate, min_learning_rate, warmup_steps, cosine_steps } = this.#config.optimizer;
    return cosineSchedule(step, {
      maxLearningRate: max_learning_rate,
      minLearningRate: min_learning_rate,
      warmupSteps: warmup_steps,
      cosineSteps: cosine_steps,
    });
  }

  /**
   * One optimizer step on the mean loss of the batches, which are one after the other in memory.
   *
   * @throws {RangeError} If there is no room for another step's results.
   */
  step(batches: readonly TokenBatch[]): void {
    const { model, optimizer } = this;
    const { device, parameters } = model;
    if (this.#pending === this.#losses.length) {
      throw new RangeError(`Cannot step: the results of ${this.#pending} steps wait; call readResults() before`);
    }
    const loss = this.#losses.sub(this.#pending, 1);
    device.fill({ x: loss, value: 0 });
    parameters.zeroGradients();
    const share = 1 / batches.length;
    for (const { inputs, targets } of batches) this.#addGradients(inputs, targets, loss, share);
    // With several devices, each with its own batches, this is the place to sum `parameters.gradients` over them: all
    // batches have been added and nothing has read the sum.
    this.#clipper.measure(parameters.gradients!, this.#config.max_grad_norm);
    device.copy({ source: this.#clipper.norm, destination: this.#gradientNorms.sub(this.#pending, 1) });
    optimizer.step({
      learningRate: this.learningRate(optimizer.steps + 1),
      gradientScale: this.#clipper.coefficient,
    });
    this.#pending++;
  }

  /** Waits for the device and returns what the steps since the last call gave. */
  readResults(): StepResults {
    const { device } = this.model;
    const count = this.#pending;
    this.#pending = 0;
    if (count === 0) return { losses: new Float32Array(0), gradientNorms: new Float32Array(0) };
    return {
      losses: device.download(this.#losses.sub(0, count)),
      gradientNorms: device.download(this.#gradientNorms.sub(0, count)),
    };
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
    this.#tape[Symbol.dispose]();
    for (const arena of [this.activations, this.#results]) arena[Symbol.dispose]();
    this.#clipper[Symbol.dispose]();
    this.optimizer[Symbol.dispose]();
    this.model[Symbol.dispose]();
  }

  #addGradients(inputs: Int32Array, targets: Int32Array, sum: Slice, share: number): void {
    const tape = this.#tape;
    const { model } = this;
    const shape = [inputs.length / model.config.context_length, model.config.context_length];
    tape.reset();
    const tokens = tape.integers(inputs, shape);
    const loss = model.loss(tape, tokens, tape.integers(targets, shape), { gradientScale: share });
    model.device.axpy({ x: loss.slice, y: sum, factor: share });
    tape.backward(loss);
  }
}
