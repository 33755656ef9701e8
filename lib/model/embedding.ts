import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Rows of a table [vocab_size, d_model] by token id (handout, Embedding): ids of any shape [...] give [..., d_model].
 * An id outside of the vocabulary gives NaN.
 *
 * @throws {RangeError} If the table has not two dimensions.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const table = tape.tensor([0, 1, 10, 11, 20, 21], [3, 2]);
 * const y = embedding(tape, tape.integers([2, 0]), table);
 * assertEquals(tape.read(y), new Float32Array([20, 21, 0, 1]));
 * ```
 */
export function embedding(tape: Tape, ids: Tensor, table: Tensor): Tensor {
  if (table.shape.length !== 2) {
    throw new RangeError(
      `Cannot look up embeddings: the table is [${table.shape.join(", ")}]; it must be [vocab_size, d_model]`,
    );
  }
  const [vocabSize, columns] = table.shape;
  const sizes = { rows: ids.slice.length, columns, vocabSize };
  const out = tape.empty([...ids.shape, columns]);
  tape.device.embedding({ ids: ids.slice, table: table.slice, out: out.slice, ...sizes });
  tape.record({
    outputs: [out],
    backward() {
      const { slice, accumulate } = tape.gradientFor(table);
      const dOut = out.gradient!.slice;
      tape.device.embeddingBackward({ ids: ids.slice, dOut, dTable: slice, ...sizes, accumulate });
    },
  });
  return out;
}
