import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * max(0, x)^2, element by element (Primer; So et al., 2021), for any shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const y = reluSquared(tape, tape.tensor([-2, 0, 3], [3]));
 * assertEquals(tape.read(y), new Float32Array([0, 0, 9]));
 * ```
 */
export function reluSquared(tape: Tape, x: Tensor): Tensor {
  const out = tape.empty(x.shape);
  tape.device.reluSquared({ x: x.slice, out: out.slice });
  tape.record({
    outputs: [out],
    backward() {
      const dOut = out.gradient!.slice;
      tape.contribute(x, (dX) => tape.device.reluSquaredBackward({ x: x.slice, dOut, dX }));
    },
  });
  return out;
}
