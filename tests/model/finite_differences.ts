import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";

const STEP = 1e-5;
const TOLERANCE = 1e-7;

/** A computation of one tensor from others. */
export type Computation = (tape: Tape) => Tensor;

/** A reference device, its backend's float64 numbers within reach, and a seeded source of inputs. */
export class Laboratory implements Disposable {
  readonly backend = new ReferenceBackend();
  readonly device = new Device(this.backend);
  readonly tape = new Tape(this.device);
  readonly random = new Random(7);

  /** Normal numbers, an input of the computation. */
  normal(...shape: number[]): Tensor {
    const length = shape.reduce((a, b) => a * b, 1);
    return this.tape.tensor(Array.from({ length }, () => this.random.normal()), shape);
  }

  /**
   * Checks the gradients of sum(output * weights), the weights random, against central differences in float64.
   *
   * @param inputs Where each gradient is and what to perturb: an input tensor, or a parameter's weights and gradients.
   * @param samples Elements of each input to try, all if it has fewer.
   */
  checkGradients(
    compute: Computation,
    inputs: Record<string, Tensor | { weights: Slice; gradients: Slice }>,
    samples = 40,
  ): void {
    const out = compute(this.tape);
    const weights = Float32Array.from({ length: out.slice.length }, () => this.random.normal());
    this.tape.backward(out, weights);
    for (const [name, input] of Object.entries(inputs)) {
      const values = this.backend.view("shape" in input ? input.slice : input.weights);
      const gradients = this.backend.view("shape" in input ? input.gradient!.slice : input.gradients);
      for (let sample = 0; sample < Math.min(samples, values.length); sample++) {
        const i = values.length <= samples ? sample : this.random.below(values.length);
        const value = values[i];
        values[i] = value + STEP;
        const above = this.#evaluate(compute, weights);
        values[i] = value - STEP;
        const below = this.#evaluate(compute, weights);
        values[i] = value;
        const expected = (above - below) / (2 * STEP);
        if (!(Math.abs(gradients[i] - expected) <= TOLERANCE * (1 + Math.abs(expected)))) {
          throw new Error(`gradient of ${name}[${i}] is ${gradients[i]}, the difference quotient ${expected}`);
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.device[Symbol.dispose]();
  }

  #evaluate(compute: Computation, weights: Float32Array): number {
    using tape = new Tape(this.device, { recording: false });
    return this.backend.view(compute(tape).slice).reduce((sum, value, i) => sum + value * weights[i], 0);
  }
}
