import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * exp(x) / sum(exp(x)) over the last dimension, safe for large numbers (handout, softmax).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const y = softmax(tape, tape.tensor([1000, 1000, -1000, -1000], [2, 2]));
 * assertEquals(tape.read(y), new Float32Array([0.5, 0.5, 0.5, 0.5]));
 * ```
 */
export function softmax(tape: Tape, x: Tensor): Tensor {
  const { rows, columns } = x;
  const out = tape.empty(x.shape);
  tape.device.softmax({ x: x.slice, out: out.slice, rows, columns });
  tape.record({
    outputs: [out],
    backward() {
      const dOut = out.gradient!.slice;
      tape.contribute(x, (dX) => tape.device.softmaxBackward({ out: out.slice, dOut, dX, rows, columns }));
    },
  });
  return out;
}
