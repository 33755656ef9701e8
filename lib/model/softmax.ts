import type { Slice } from "../tensor/slice.ts";
import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * exp(x) / sum(exp(x)) over one dimension, safe for large numbers (handout, softmax).
 *
 * @param dimension Which; negative ones count from the end, so that -1 is the last.
 * @throws {RangeError} If x has no such dimension.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const x = tape.tensor([1000, 1000, -1000, -1000], [2, 2]);
 * assertEquals(tape.read(softmax(tape, x)), new Float32Array([0.5, 0.5, 0.5, 0.5]));
 * assertEquals(tape.read(softmax(tape, x, 0)), new Float32Array([1, 1, 0, 0]));
 * ```
 */
export function softmax(tape: Tape, x: Tensor, dimension: number = -1): Tensor {
  const axis = dimension < 0 ? dimension + x.shape.length : dimension;
  if (!(Number.isInteger(axis) && axis >= 0 && axis < x.shape.length)) {
    throw new RangeError(
      `Cannot take the softmax over dimension ${dimension}: x is [${x.shape.join(", ")}]; ` +
        (x.shape.length === 0
          ? "give a tensor with a dimension"
          : `choose one from ${-x.shape.length} to ${x.shape.length - 1}`),
    );
  }
  const sizes = { size: x.shape[axis], inner: x.shape.slice(axis + 1).reduce((product, size) => product * size, 1) };
  if (sizes.inner === 1) return softmaxOfRows(tape, x, x.slice.length / sizes.size, sizes.size);
  const { size, inner } = sizes;
  const outer = x.slice.length / (size * inner);
  const rows = softmaxOfRows(
    tape,
    exchange(tape, x, x.shape, { outer, first: size, second: inner }),
    outer * inner,
    size,
  );
  return exchange(tape, rows, x.shape, { outer, first: inner, second: size });
}

function softmaxOfRows(tape: Tape, x: Tensor, rows: number, columns: number): Tensor {
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

// [outer, first, second] to [outer, second, first], in memory only: the result has the shape given. For small tensors:
// one copy for each index of `first`.
function exchange(
  tape: Tape,
  x: Tensor,
  shape: readonly number[],
  { outer, first, second }: { outer: number; first: number; second: number },
): Tensor {
  const copy = (source: Slice, destination: Slice, first: number, second: number) => {
    for (let i = 0; i < first; i++) {
      tape.device.copyRows({
        source: source.sub(i * second),
        sourceStride: 1,
        sourceBatchStride: first * second,
        destination: destination.sub(i),
        destinationStride: first,
        destinationBatchStride: first * second,
        batch: outer,
        rows: second,
        columns: 1,
        destinationRows: second,
      });
    }
  };
  const out = tape.empty(shape);
  copy(x.slice, out.slice, first, second);
  tape.record({
    outputs: [out],
    backward: () => tape.contribute(x, (dX) => copy(out.gradient!.slice, dX, second, first)),
  });
  return out;
}
