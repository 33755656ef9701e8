import type { Tape } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * x / sqrt(mean(x^2) + epsilon) * weight over the last dimension (handout, RMSNorm; Zhang and Sennrich, 2019), for x
 * [..., d_model] and a weight [d_model]. With a shorter weight, each part of a row that is as long as it has a norm of
 * its own: heads that lie side by side.
 *
 * @throws {RangeError} If a row is not a whole number of such parts, or epsilon is below 0.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const y = rmsNorm(tape, tape.tensor([1, 7], [1, 2]), tape.tensor([1, 2], [2]));
 * assertAlmostEquals(tape.read(y)[1], 2 * 7 / 5, 1e-6);
 * ```
 */
export function rmsNorm(tape: Tape, x: Tensor, weight: Tensor, epsilon: number = 1e-5): Tensor {
  const { columns } = weight;
  const rows = x.slice.length / columns;
  if (weight.shape.length !== 1 || x.columns % columns !== 0) {
    throw new RangeError(
      `Cannot normalize: the weight is [${weight.shape.join(", ")}], x [${x.shape.join(", ")}]; ` +
        `the weight must be [d], and the last dimension of x a multiple of d`,
    );
  }
  const out = tape.empty(x.shape);
  const inverseRms = tape.scratch(rows);
  tape.device.rmsNorm({
    x: x.slice,
    weight: weight.slice,
    out: out.slice,
    inverseRms,
    rows,
    columns,
    epsilon,
  });
  tape.record({
    outputs: [out],
    saved: [inverseRms],
    backward() {
      const dX = tape.gradientFor(x);
      const dWeight = tape.gradientFor(weight);
      tape.device.rmsNormBackward({
        x: x.slice,
        weight: weight.slice,
        inverseRms,
        dOut: out.gradient!.slice,
        rows,
        columns,
        dX: dX.slice,
        accumulateX: dX.accumulate,
        dWeight: dWeight.slice,
        accumulateWeight: dWeight.accumulate,
      });
    },
  });
  return out;
}

/**
 * The sum of a residual stream `x` and a layer's result `y`, and the norm of the sum, in one pass over memory.
 *
 * The sum takes the place of `y`, whose value nobody may read afterwards, its own backward pass included: give it the
 * result of a linear layer.
 *
 * @returns The sum and its norm.
 */
export function addRmsNorm(
  tape: Tape,
  x: Tensor,
  y: Tensor,
  weight: Tensor,
  epsilon: number,
): { sum: Tensor; normed: Tensor } {
  const { rows, columns } = x;
  const sum = new Tensor(y.slice, y.shape);
  const normed = tape.empty(x.shape);
  const inverseRms = tape.scratch(rows);
  tape.device.addRmsNorm({
    a: x.slice,
    b: y.slice,
    sum: sum.slice,
    weight: weight.slice,
    out: normed.slice,
    inverseRms,
    rows,
    columns,
    epsilon,
  });
  tape.record({
    outputs: [sum, normed],
    saved: [inverseRms],
    backward() {
      if (normed.gradient !== undefined) {
        const dSum = tape.gradientFor(sum);
        const dWeight = tape.gradientFor(weight);
        tape.device.rmsNormBackward({
          x: sum.slice,
          weight: weight.slice,
          inverseRms,
          dOut: normed.gradient.slice,
          rows,
          columns,
          dX: dSum.slice,
          accumulateX: dSum.accumulate,
          dWeight: dWeight.slice,
          accumulateWeight: dWeight.accumulate,
        });
      }
      tape.share(x, sum.gradient!);
      tape.share(y, sum.gradient!);
    },
  });
  return { sum, normed };
}
