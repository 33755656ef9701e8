import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * x + y, element by element, for tensors of one shape.
 *
 * @throws {RangeError} If the shapes differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const sum = add(tape, tape.tensor([1, 2], [2]), tape.tensor([3, 4], [2]));
 * assertEquals(tape.read(sum), new Float32Array([4, 6]));
 * ```
 */
export function add(tape: Tape, x: Tensor, y: Tensor): Tensor {
  if (x.shape.join(", ") !== y.shape.join(", ")) {
    throw new RangeError(
      `Cannot add: x is [${x.shape.join(", ")}], y [${y.shape.join(", ")}]; give both the same shape`,
    );
  }
  const out = tape.empty(x.shape);
  tape.device.add({ a: x.slice, b: y.slice, out: out.slice });
  tape.record({
    outputs: [out],
    backward() {
      tape.share(x, out.gradient!);
      tape.share(y, out.gradient!);
    },
  });
  return out;
}
