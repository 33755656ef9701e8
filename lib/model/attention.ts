import type { AttentionOperand } from "../tensor/operations.ts";
import type { Slice } from "../tensor/slice.ts";
import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { linear } from "./linear.ts";
import { rmsNorm } from "./rms_norm.ts";
import type { RopeTable } from "./rope.ts";

/**
 * softmax(q k^T / sqrt(d_k)) v (handout, scaled dot-product attention), for q [..., T, d_k], k and v [..., S, d_k] with
 * the same leading dimensions (batch, heads). The T x S scores are never stored.
 *
 * @param mask Integers [T, S], or one matrix for each leading index [..., T, S]: 0 hides a key from a query. A query
 * that sees nothing gives 0.
 * @throws {RangeError} If the shapes are not these.
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

/**
 * Where in a cache one token's keys and values go, and what it sees, in device memory rather than as numbers: the work
 * of a token can be recorded once and replayed for the next.
 */
export interface CachePlace {
  /** i32 [1]: the token's position. */
  position: Slice;
  /** i32, at most as many as the capacity: 1 for each position that is seen, the token's own included, 0 for others. */
  seen: Slice;
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
  /** In place of `length`, for one token of each sequence. What is not seen must hold numbers, whichever. */
  place?: CachePlace;
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
  /** Added to the mean square in the norms of queries and keys; 1e-5 if left out. */
  epsilon?: number;
  /** For generation: where earlier keys and values are, and where those of this call go. Not while the tape records. */
  cache?: KeyValueCache;
}

/** Weights of an attention layer. */
export interface AttentionWeights {
  /** q_proj, k_proj and v_proj, or, without `norms`, one tensor of all three stacked. */
  qkv: readonly Tensor[];
  /** Weights of an RMSNorm of every head's queries and of one of its keys, [d_head] each; no norms if left out. */
  norms?: { q: Tensor; k: Tensor };
  /** output_proj [d_model, d_model]. */
  output: Tensor;
}

/**
 * Causal multi-head self-attention (handout, multi-head self-attention; Vaswani et al., 2017) of x [..., T, d_model],
 * with RMSNorm of every head's queries and keys if the weights have `norms` (Henry et al., 2020; Dehghani et al.,
 * 2023), and rotary embedding of both after that if `rope` is given.
 *
 * @param component How the parts are named for those who count.
 * @throws {RangeError} If the weights do not make heads of one size, which is the rope table's, or x has one dimension.
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
  if (x.shape.length < 2) {
    throw new RangeError(`Cannot attend: x is [${x.shape.join(", ")}]; give [..., T, d_model]`);
  }
  const projected = project(tape, x, weights, options, component);
  const attended = attend(tape, projected, options, component);
  for (const tensor of tensorsOf(projected)) tape.discard(tensor);
  tape.component(`${component}.output`);
  const out = linear(tape, attended, weights.output);
  tape.discard(attended);
  return out;
}

// Heads that lie side by side in the rows of a tensor, the first of them at `column`.
interface Heads {
  tensor: Tensor;
  column: number;
  count: number;
}

interface ProjectedHeads {
  q: Heads;
  k: Heads;
  v: Heads;
  headSize: number;
}

// Queries, keys and values: one product whose rows hold all three, or, where norms want heads without gaps between
// the rows, three.
function project(
  tape: Tape,
  x: Tensor,
  { qkv, norms }: AttentionWeights,
  { numHeads, numKvHeads = numHeads, epsilon }: AttentionOptions,
  component: string,
): ProjectedHeads {
  tape.component(`${component}.qkv`);
  const widths = qkv.map(({ shape: [width] }) => width);
  if (norms === undefined) {
    const width = widths.reduce((sum, width) => sum + width, 0);
    const headSize = width / (numHeads + 2 * numKvHeads);
    if (!Number.isInteger(headSize)) {
      throw new RangeError(
        `Cannot attend: rows of ${width} do not hold ${numHeads} query and twice ${numKvHeads} key heads of one ` +
          `size; make d_model a multiple of num_heads`,
      );
    }
    const expected = [numHeads, numKvHeads, numKvHeads].map((heads) => heads * headSize);
    if (qkv.length !== 1 && widths.join(", ") !== expected.join(", ")) {
      throw new RangeError(
        `Cannot attend: the weights of queries, keys and values make rows of ${widths.join(", ")}; ` +
          `give three that make rows of ${expected.join(", ")}, or one of all`,
      );
    }
    const tensor = linear(tape, x, qkv);
    return {
      q: { tensor, column: 0, count: numHeads },
      k: { tensor, column: numHeads * headSize, count: numKvHeads },
      v: { tensor, column: (numHeads + numKvHeads) * headSize, count: numKvHeads },
      headSize,
    };
  }
  const headSize = norms.q.columns;
  const expected = [numHeads, numKvHeads, numKvHeads].map((heads) => heads * headSize);
  if (norms.k.columns !== headSize || widths.join(", ") !== expected.join(", ")) {
    throw new RangeError(
      `Cannot attend: q_proj, k_proj and v_proj make rows of ${widths.join(", ")}, the norms are for heads of ` +
        `${headSize} and ${norms.k.columns}; give three weights that make rows of ${expected.join(", ")}`,
    );
  }
  const [q, k, v] = qkv.map((weight) => linear(tape, x, weight));
  tape.component(`${component}.qk_norm`);
  const normalize = (heads: Tensor, weight: Tensor) => {
    const normed = rmsNorm(tape, heads, weight, epsilon);
    tape.discard(heads);
    return normed;
  };
  return {
    q: { tensor: normalize(q, norms.q), column: 0, count: numHeads },
    k: { tensor: normalize(k, norms.k), column: 0, count: numKvHeads },
    v: { tensor: v, column: 0, count: numKvHeads },
    headSize,
  };
}

function tensorsOf({ q, k, v }: ProjectedHeads): Tensor[] {
  return [...new Set([q.tensor, k.tensor, v.tensor])];
}

// Queries and keys are rotated in place, and their gradients back: whoever made them needs only the gradient.
function attend(tape: Tape, projected: ProjectedHeads, options: AttentionOptions, component: string): Tensor {
  const { device } = tape;
  const { q, k, v, headSize } = projected;
  const { numHeads, numKvHeads = numHeads, rope, cache } = options;
  if (rope !== undefined && rope.table.headSize !== headSize) {
    throw new RangeError(
      `Cannot attend: heads have ${headSize} elements, the rope table is for ${rope.table.headSize}; give one for these`,
    );
  }
  const length = q.tensor.shape.at(-2)!;
  const batch = q.tensor.rows / length;
  // Side by side in one tensor they are rotated together.
  const rotated = q.tensor === k.tensor ? [{ ...q, count: numHeads + numKvHeads }] : [q, k];
  const rotate = (sliceOf: (tensor: Tensor) => Slice, inverse: boolean) => {
    if (rope === undefined) return;
    device.scope.component = `${component}.rope`;
    for (const { tensor, column, count } of rotated) {
      const slice = sliceOf(tensor).sub(column);
      device.rope({
        x: slice,
        out: slice,
        positions: rope.positions,
        cos: rope.table.cos,
        sin: rope.table.sin,
        tableRows: rope.table.maxPositions,
        rows: tensor.rows,
        numPositions: length,
        heads: count,
        headSize,
        strideX: tensor.columns,
        strideOut: tensor.columns,
        inverse,
      });
    }
  };
  const operand = ({ tensor, column }: Heads, slice: Slice): AttentionOperand => ({
    slice: slice.sub(column),
    rowStride: tensor.columns,
    batchStride: length * tensor.columns,
  });
  rotate((tensor) => tensor.slice, false);
  tape.component(`${component}.attention`);
  const fresh = { k: operand(k, k.tensor.slice), v: operand(v, v.tensor.slice) };
  const seen = cache === undefined
    ? { ...fresh, keyLength: length }
    : store(tape, cache, fresh, { batch, length, columns: numKvHeads * headSize });
  const out = tape.empty([...q.tensor.shape.slice(0, -1), numHeads * headSize]);
  const rows = (slice: Slice) => ({ slice, rowStride: out.columns, batchStride: length * out.columns });
  const logSumExp = tape.scratch(batch * numHeads * length);
  const args = {
    batch,
    queryLength: length,
    numHeads,
    numKvHeads,
    headSize,
    causal: true,
    logSumExp,
    scale: 1 / Math.sqrt(headSize),
    q: operand(q, q.tensor.slice),
    ...seen,
    out: rows(out.slice),
  };
  device.attention(args);
  tape.record({
    outputs: [out],
    saved: [logSumExp],
    backward() {
      const gradients = new Map(tensorsOf(projected).map((tensor) => [tensor, tape.gradientFor(tensor).slice]));
      const [dQ, dK, dV] = [q, k, v].map((heads) => operand(heads, gradients.get(heads.tensor)!));
      device.attentionBackward({ ...args, dOut: rows(out.gradient!.slice), dQ, dK, dV });
      rotate((tensor) => gradients.get(tensor)!, true);
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
): { k: AttentionOperand; v: AttentionOperand; keyLength: number; causal: boolean; mask?: Slice } {
  const { place } = cache;
  const keyLength = place?.seen.length ?? cache.length + length;
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
      destination: place ? to : to.sub(cache.length * columns),
      destinationStride: columns,
      destinationBatchStride: batchStride,
      positions: place?.position,
      batch,
      rows: length,
      columns,
      destinationRows: place ? cache.capacity : length,
    });
  }
  const whole = (slice: Slice) => ({ slice, rowStride: columns, batchStride });
  return { k: whole(cache.keys), v: whole(cache.values), keyLength, causal: !place, mask: place?.seen };
}
