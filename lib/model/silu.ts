import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * x * sigmoid(x), element by element (handout, SiLU), for any shape.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const y = silu(tape, tape.tensor([0, 1], [2]));
 * assertAlmostEquals(tape.read(y)[1], 1 / (1 + Math.exp(-1)), 1e-6);
 * ```
 */
export function silu(tape: Tape, x: Tensor): Tensor {
  const out = tape.empty(x.shape);
  tape.device.silu({ x: x.slice, out: out.slice });
  tape.record({
    outputs: [out],
    backward() {
      const dOut = out.gradient!.slice;
      tape.contribute(x, (dX) => tape.device.siluBackward({ x: x.slice, dOut, dX }));
    },
  });
  return out;
}
