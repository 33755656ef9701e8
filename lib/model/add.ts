import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** x + y, element by element, for tensors of one shape. */
export function add(tape: Tape, x: Tensor, y: Tensor): Tensor {
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
