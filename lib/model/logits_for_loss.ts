import { BYTES_PER_ELEMENT } from "../tensor/slice.ts";
import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { linear } from "./linear.ts";

/**
 * The logits x W^T for x [..., d_model] and the head W [vocab_size, d_model], as `linear()` gives them, for
 * `crossEntropy()` alone: where the device multiplies faster if rows are multiples of some bytes (`Backend.rowBytes`)
 * and those of vocab_size logits are not, as with GPT-2's 50,257, rows are longer, by logits of minus infinity. These
 * change neither the loss nor a gradient. It costs a padded copy of the head, and one of its gradient for a while.
 *
 * @returns [..., vocab_size or a little more].
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(Object.assign(new ReferenceBackend(), { rowBytes: 16 }));
 * using tape = new Tape(device);
 * const head = tape.tensor([1, 0, 0, 1, 1, 1], [3, 2]);
 * const logits = logitsForLoss(tape, tape.tensor([5, 7], [1, 2]), head);
 * assertEquals(tape.read(logits), new Float32Array([5, 7, 12, -Infinity]));
 * ```
 */
export function logitsForLoss(tape: Tape, x: Tensor, head: Tensor): Tensor {
  const { device } = tape;
  const [vocabSize, dModel] = head.shape;
  const unit = Math.ceil((device.backend.rowBytes ?? 1) / BYTES_PER_ELEMENT[tape.dtype]);
  const width = Math.ceil(vocabSize / unit) * unit;
  if (width === vocabSize) return linear(tape, x, head);
  const [rows, padding, size] = [x.rows, width - vocabSize, vocabSize * dModel];

  const padded = tape.scratch(width * dModel, head.slice.dtype);
  device.copy({ source: head.slice, destination: padded.sub(0, size) });
  device.fill({ x: padded.sub(size), value: 0 });
  const logits = tape.empty([...x.shape.slice(0, -1), width]);
  device.matmul({ a: x.slice, b: padded, c: logits.slice, m: rows, n: width, k: dModel, transposeB: true });
  const nothing = tape.scratch(rows * padding, tape.dtype);
  device.fill({ x: nothing, value: -Infinity });
  device.copyRows({
    ...{ source: nothing, sourceStride: padding, sourceBatchStride: 0, destination: logits.slice.sub(vocabSize) },
    ...{ destinationStride: width, destinationBatchStride: 0, destinationRows: rows },
    ...{ batch: 1, rows, columns: padding },
  });
  tape.release(nothing);

  tape.record({
    outputs: [logits],
    saved: [padded],
    backward() {
      // The padding's gradients are 0.
      const dLogits = logits.gradient!.slice;
      const dHead = tape.gradientFor(head);
      const dPadded = tape.scratch(width * dModel, dHead.slice.dtype);
      device.matmul({ a: dLogits, b: x.slice, c: dPadded, m: width, n: dModel, k: rows, transposeA: true });
      const real = dPadded.sub(0, size);
      if (dHead.accumulate) device.axpy({ x: real, y: dHead.slice, factor: 1 });
      else device.copy({ source: real, destination: dHead.slice });
      tape.release(dPadded);
      const dX = tape.gradientFor(x);
      const beta = dX.accumulate ? 1 : 0;
      device.matmul({ a: dLogits, b: padded, c: dX.slice, m: rows, n: dModel, k: width, beta });
    },
  });
  return logits;
}
