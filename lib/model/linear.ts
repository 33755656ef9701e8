import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * y = x W^T for x [..., d_in] and a weight W [d_out, d_in] (handout, Linear; no bias). Several weights give their
 * results side by side, [..., sum of d_out], as one product with the stacked weights would.
 *
 * @throws {RangeError} If a weight's d_in is not the last dimension of x.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const x = tape.tensor([1, 2, 3, 4], [2, 2]);
 * const weight = tape.tensor([1, 0, 0, 1, 1, 1], [3, 2]);
 * const y = linear(tape, x, weight);
 * assertEquals(y.shape, [2, 3]);
 * assertEquals(tape.read(y), new Float32Array([1, 2, 3, 3, 4, 7]));
 * ```
 */
export function linear(tape: Tape, x: Tensor, weight: Tensor | readonly Tensor[]): Tensor {
  const { device } = tape;
  const weights: readonly Tensor[] = Array.isArray(weight) ? weight : [weight];
  const [rows, dIn] = [x.rows, x.columns];
  for (const { shape } of weights) {
    if (shape.length !== 2 || shape[1] !== dIn) {
      throw new RangeError(
        `Cannot apply a linear layer: the weight is [${shape.join(", ")}], x [${x.shape.join(", ")}]; ` +
          `the weight must be [d_out, ${dIn}]`,
      );
    }
  }
  const width = weights.reduce((sum, { shape }) => sum + shape[0], 0);
  const y = tape.empty([...x.shape.slice(0, -1), width]);
  let column = 0;
  const parts = weights.map((w) => {
    const part = { w, dOut: w.shape[0], column };
    column += part.dOut;
    return part;
  });
  for (const { w, dOut, column } of parts) {
    const c = y.slice.sub(column);
    device.matmul({ a: x.slice, b: w.slice, c, m: rows, n: dOut, k: dIn, transposeB: true, strideC: width });
  }
  tape.record({
    outputs: [y],
    backward() {
      const dY = y.gradient!.slice;
      for (const { w, dOut, column } of parts) {
        const a = dY.sub(column);
        const dW = tape.gradientFor(w);
        device.matmul({
          a,
          b: x.slice,
          c: dW.slice,
          m: dOut,
          n: dIn,
          k: rows,
          transposeA: true,
          strideA: width,
          beta: dW.accumulate ? 1 : 0,
        });
        const dX = tape.gradientFor(x);
        device.matmul({
          a,
          b: w.slice,
          c: dX.slice,
          m: rows,
          n: dIn,
          k: dOut,
          strideA: width,
          beta: dX.accumulate ? 1 : 0,
        });
      }
    },
  });
  return y;
}
