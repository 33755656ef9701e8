import type { Arena } from "../tensor/arena.ts";
import type { Device } from "../tensor/device.ts";
import type { Slice } from "../tensor/slice.ts";
import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Cosines and sines of the rotary position embedding on a device. */
export interface RopeTable {
  /** [maxPositions, headSize / 2]. */
  cos: Slice;
  /** [maxPositions, headSize / 2]. */
  sin: Slice;
  /** Size of the heads that it rotates. */
  headSize: number;
  /** Positions are below it. */
  maxPositions: number;
}

/**
 * Computes the angles position / theta^(2i / headSize) in float64 and stores their cosines and sines (handout,
 * RotaryPositionalEmbedding; Su et al., 2021).
 *
 * @throws {RangeError} If the head size is odd or theta not above 0.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const { cos } = ropeTable(device, arena, { theta: 10_000, headSize: 2, maxPositions: 3 });
 * assertEquals(device.download(cos), Float32Array.from([0, 1, 2], Math.cos));
 * ```
 */
export function ropeTable(
  device: Device,
  arena: Arena,
  { theta, headSize, maxPositions }: { theta: number; headSize: number; maxPositions: number },
): RopeTable {
  if (headSize % 2 !== 0) {
    throw new RangeError(
      `Cannot prepare rotary embeddings: the head size is ${headSize}; they rotate pairs, so choose an even one`,
    );
  }
  if (!(theta > 0 && theta < Infinity)) {
    throw new RangeError(`Cannot prepare rotary embeddings: theta is ${theta}; choose a number above 0`);
  }
  const half = headSize / 2;
  const cos = arena.alloc(maxPositions * half, "f32");
  const sin = arena.alloc(maxPositions * half, "f32");
  const table = { cos, sin, headSize, maxPositions };
  if (!device.computes) return table;
  const [cosines, sines] = [new Float32Array(cos.length), new Float32Array(sin.length)];
  for (let i = 0; i < half; i++) {
    const frequency = theta ** (-2 * i / headSize);
    for (let position = 0; position < maxPositions; position++) {
      cosines[position * half + i] = Math.cos(position * frequency);
      sines[position * half + i] = Math.sin(position * frequency);
    }
  }
  device.upload(cos, cosines);
  device.upload(sin, sines);
  return table;
}

/**
 * Rotates the interleaved pairs (2i, 2i + 1) of x [..., sequence, d_head] by the angles of its positions (handout,
 * RotaryPositionalEmbedding).
 *
 * @param positions Integers, [sequence] (used for every sequence) or one for each row of x; below the table's
 * maxPositions, or the result is NaN.
 * @throws {RangeError} If d_head is not the table's, or the rows are no multiple of the positions.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const table = ropeTable(device, tape.arena, { theta: 10_000, headSize: 2, maxPositions: 8 });
 * const y = rope(tape, tape.tensor([1, 0], [1, 2]), tape.integers([3]), table);
 * assertAlmostEquals(tape.read(y)[0], Math.cos(3), 1e-6);
 * ```
 */
export function rope(tape: Tape, x: Tensor, positions: Tensor, table: RopeTable): Tensor {
  const { rows, columns: headSize } = x;
  const numPositions = positions.slice.length;
  if (headSize !== table.headSize || rows % numPositions !== 0) {
    throw new RangeError(
      `Cannot rotate: x is [${x.shape.join(", ")}] with ${numPositions} positions, the table for heads of ` +
        `${table.headSize}; give x [..., ${numPositions}, ${table.headSize}]`,
    );
  }
  const shape = {
    positions: positions.slice,
    cos: table.cos,
    sin: table.sin,
    rows,
    numPositions,
    heads: 1,
    headSize,
    tableRows: table.maxPositions,
    strideX: headSize,
    strideOut: headSize,
  };
  const out = tape.empty(x.shape);
  tape.device.rope({ x: x.slice, out: out.slice, ...shape, inverse: false });
  tape.record({
    outputs: [out],
    backward() {
      const dOut = out.gradient!.slice;
      tape.contribute(x, (dX) => tape.device.rope({ x: dOut, out: dX, ...shape, inverse: true }));
    },
  });
  return out;
}
