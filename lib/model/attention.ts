import type { AttentionOperand } from "../tensor/operations.ts";
import type { Slice } from "../tensor/slice.ts";
import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { linear } from "./linear.ts";
import type { RopeTable } from "./rope.ts";

/**
 * softmax(q k^T / sqrt(d_k)) v (handout, scaled dot-product attention), for q [..., T, d_k], k and v [..., S, d_k] with
 * the same leading dimensions (batch, heads). The T x S scores are never stored.
 *
 * @param mask Integers [T, S], or one matrix for each leading index [..., T, S]: 0 hides a key from a query. A query that sees
 * nothing gives 0.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const [q, k, v] = [[1, 1], [1, 1], [3, 5]].map((values) => tape.tensor(values, [2, 1]));
 * const causal = tape.integers([true, false, true, true], [2, 2]);
 * assertEquals(tape.read(scaledDotProductAttention(tape, q, k, v, causal)), new Float32Array([3, 4]));
 * ```
 */
export function scaledDotProductAttention(tape: Tape, q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
  const [queryLength, headSize] = [q.shape.at(-2)!, q.columns];
  const keyLength = k.shape.at(-2)!;
  const batch = q.slice.length / (queryLength * headSize);
  const expected = [...q.shape.slice(0, -2), keyLength, headSize].join(", ");
  if (q.shape.length < 2 || k.shape.join(", ") !== expected || v.shape.join(", ") !== expected) {
    throw new RangeError(
      `Cannot attend: q is [${q.shape.join(", ")}], k [${k.shape.join(", ")}], v [${v.shape.join(", ")}]; ` +
        `give q [..., T, d_k] and k and v [..., S, d_k] with the same leading dimensions`,
    );
  }
  const out = tape.empty(q.shape);
  const logSumExp = tape.scratch(batch * queryLength);
  const queries = (slice: Slice) => ({ slice, rowStride: headSize, batchStride: queryLength * headSize });
  const keys = (slice: Slice) => ({ slice, rowStride: headSize, batchStride: keyLength * headSize });
  const args = {
    batch,
    queryLength,
    keyLength,
    numHeads: 1,
    numKvHeads: 1,
    headSize,
    causal: false,
    mask: mask?.slice,
    q: queries(q.slice),
    k: keys(k.slice),
    v: keys(v.slice),
    out: queries(out.slice),
    logSumExp,
    scale: 1 / Math.sqrt(headSize),
  };
  tape.device.attention(args);
  tape.record({
    outputs: [out],
    saved: [logSumExp],
    backward() {
      const dOut = queries(out.gradient!.slice);
      tape.contribute(
        q,
        (dQ) =>
          tape.contribute(
            k,
            (dK) =>
              tape.contribute(v, (dV) =>
                tape.device.attentionBackward({ ...args, dOut, dQ: queries(dQ), dK: keys(dK), dV: keys(dV) })),
          ),
      );
    },
  });
  return out;
}

/** Keys and values of one layer for the positions that a generation has seen. */
export interface KeyValueCache {
  /** [batch, capacity, num_kv_heads * d_head], rotated already. */
  keys: Slice;
  /** [batch, capacity, num_kv_heads * d_head]. */
  values: Slice;
  /** Positions that there is room for. */
  capacity: number;
  /** Positions that are in it before this call; the call puts its own after them. */
  length: number;
}

/** How heads attend in a model. */
export interface AttentionOptions {
  /** Query heads. */
  numHeads: number;
  /** Key and value heads; numHeads if left out. */
  numKvHeads?: number;
  /** Rotary position embedding; none if left out. */
  rope?: {
    /** Angles, for this head size. */
    table: RopeTable;
    /** i32, one position for each place in the sequence. */
    positions: Slice;
  };
  /** For generation: where earlier keys and values are, and where those of this call go. Not while the tape records. */
  cache?: KeyValueCache;
}

/** Weights of an attention layer. */
export interface AttentionWeights {
  /** q_proj, k_proj and v_proj, or one tensor of all three stacked. */
  qkv: readonly Tensor[];
  /** output_proj [d_model, d_model]. */
  output: Tensor;
}

/**
 * Causal multi-head self-attention (handout, multi-head self-attention; Vaswani et al., 2017) of x [..., T, d_model], with
 * rotary embedding of queries and keys if `rope` is given.
 *
 * @param component How the parts are named for those who count.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const identity = () => tape.tensor([1, 0, 0, 1], [2, 2]);
 * const x = tape.tensor([1, 0], [1, 2]);
 * const y = multiheadSelfAttention(tape, x, { qkv: [identity(), identity(), identity()], output: identity() }, {
 *   numHeads: 2,
 * });
 * assertEquals(tape.read(y), new Float32Array([1, 0]));
 * ```
 */
export function multiheadSelfAttention(
  tape: Tape,
  x: Tensor,
  weights: AttentionWeights,
  options: AttentionOptions,
  component: string = "attn",
): Tensor {
  tape.component(`${component}.qkv`);
  const qkv = linear(tape, x, weights.qkv);
  const heads = attendPacked(tape, qkv, options, component);
  tape.discard(qkv);
  tape.component(`${component}.output`);
  const out = linear(tape, heads, weights.output);
  tape.discard(heads);
  return out;
}

// Attention from rows that hold all query heads, then all key heads, then all value heads, as one linear layer made them.
// Queries and keys are rotated in place, and their gradients back: the linear layer needs only the gradient.
function attendPacked(tape: Tape, qkv: Tensor, options: AttentionOptions, component: string): Tensor {
  const { device } = tape;
  const { numHeads, numKvHeads = numHeads, rope, cache } = options;
  const width = qkv.columns;
  const headSize = width / (numHeads + 2 * numKvHeads);
  const length = qkv.shape.at(-2)!;
  const batch = qkv.rows / length;
  if (!Number.isInteger(headSize)) {
    throw new RangeError(
      `Cannot attend: rows of ${width} do not hold ${numHeads} query and twice ${numKvHeads} key heads of one size; ` +
        `make d_model a multiple of num_heads`,
    );
  }
  const rotation = rope && {
    positions: rope.positions,
    cos: rope.table.cos,
    sin: rope.table.sin,
    tableRows: rope.table.maxPositions,
    rows: qkv.rows,
    numPositions: length,
    heads: numHeads + numKvHeads,
    headSize,
    strideX: width,
    strideOut: width,
  };
  if (rotation) {
    tape.component(`${component}.rope`);
    device.rope({ x: qkv.slice, out: qkv.slice, ...rotation, inverse: false });
  }
  tape.component(`${component}.attention`);
  const parts = (slice: Slice): Record<"q" | "k" | "v", AttentionOperand> => {
    const strides = { rowStride: width, batchStride: length * width };
    return {
      q: { slice, ...strides },
      k: { slice: slice.sub(numHeads * headSize), ...strides },
      v: { slice: slice.sub((numHeads + numKvHeads) * headSize), ...strides },
    };
  };
  const packed = parts(qkv.slice);
  const { k, v, keyLength } = cache === undefined
    ? { ...packed, keyLength: length }
    : store(tape, cache, packed, { batch, length, columns: numKvHeads * headSize });
  const out = tape.empty([...qkv.shape.slice(0, -1), numHeads * headSize]);
  const rows = (slice: Slice) => ({ slice, rowStride: out.columns, batchStride: length * out.columns });
  const logSumExp = tape.scratch(batch * numHeads * length);
  const args = {
    batch,
    queryLength: length,
    keyLength,
    numHeads,
    numKvHeads,
    headSize,
    causal: true,
    logSumExp,
    scale: 1 / Math.sqrt(headSize),
    q: packed.q,
    k,
    v,
    out: rows(out.slice),
  };
  device.attention(args);
  tape.record({
    outputs: [out],
    saved: [logSumExp],
    backward() {
      const dQkv = tape.gradientFor(qkv).slice;
      const { q: dQ, k: dK, v: dV } = parts(dQkv);
      device.attentionBackward({ ...args, dOut: rows(out.gradient!.slice), dQ, dK, dV });
      if (!rotation) return;
      device.scope.component = `${component}.rope`;
      device.rope({ x: dQkv, out: dQkv, ...rotation, inverse: true });
    },
  });
  return out;
}

// Puts the new keys and values after those in the cache and returns the whole.
function store(
  tape: Tape,
  cache: KeyValueCache,
  { k, v }: { k: AttentionOperand; v: AttentionOperand },
  { batch, length, columns }: { batch: number; length: number; columns: number },
): { k: AttentionOperand; v: AttentionOperand; keyLength: number } {
  const keyLength = cache.length + length;
  if (tape.recording || keyLength > cache.capacity) {
    throw new RangeError(
      tape.recording
        ? "Cannot attend to cached keys while the tape records: there is no gradient for them; open it with recording: false"
        : `Cannot attend: ${cache.length} positions are cached and ${length} come, the cache holds ${cache.capacity}; ` +
          `make it larger or generate less`,
    );
  }
  const batchStride = cache.capacity * columns;
  for (const [from, to] of [[k, cache.keys], [v, cache.values]] as const) {
    tape.device.copyRows({
      source: from.slice,
      sourceStride: from.rowStride,
      sourceBatchStride: from.batchStride,
      destination: to.sub(cache.length * columns),
      destinationStride: columns,
      destinationBatchStride: batchStride,

      batch,
      rows: length,
      columns,
      destinationRows: length,
    });
  }
  const whole = (slice: Slice) => ({ slice, rowStride: columns, batchStride });
  return { k: whole(cache.keys), v: whole(cache.values), keyLength };
}
