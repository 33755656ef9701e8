import type { Slice } from "./slice.ts";

/*
 * The operations that a device offers, as a kernel's author sees them.
 *
 * - Matrices are row-major. "[rows, columns]" means `rows * columns` consecutive elements; where a stride is given
 *   (always in elements, never bytes) rows may lie further apart.
 * - An operation overwrites its outputs completely, without reading them, unless its documentation says "adds". Only
 *   four add: `matmul` (beta), `rmsNormBackward` and `embeddingBackward` (when told to), and `axpy`. A gradient that
 *   comes from elsewhere is summed by `axpy` or `add`.
 * - Outputs overlap inputs only where the documentation says "may be".
 * - An operation allocates nothing in any arena; what scratch a kernel needs, its backend keeps.
 * - Slices are f32 unless said otherwise. On a device with bfloat16 those marked (bf16) may be bf16 instead, all
 *   activations and weights of one call alike; arithmetic within a kernel is at least f32.
 * - Equal inputs give bit-equal outputs on the same machine, whatever the number of threads.
 * - Arguments reach a backend checked: every slice is live, of the right type, and covers what the dimensions name.
 *   Integers in device memory (ids, targets, positions) cannot be checked without reading them back: each operation
 *   says what an integer out of range does, and it is never an access outside the slices.
 */

/** c = alpha * op(a) op(b) + beta * c, for each of `batch` matrices. */
export interface MatmulArguments {
  /** [m, k], or [k, m] if `transposeA`. (bf16) */
  a: Slice;
  /** [k, n], or [n, k] if `transposeB`. (bf16) */
  b: Slice;
  /** [m, n]. (bf16, or f32 with bf16 operands) */
  c: Slice;
  /** Rows of c. */
  m: number;
  /** Columns of c. */
  n: number;
  /** Length of the sums. */
  k: number;
  /** Whether `a` is stored transposed; false if left out. */
  transposeA?: boolean;
  /** Whether `b` is stored transposed (as a linear layer's weight is); false if left out. */
  transposeB?: boolean;
  /** Factor of the product; 1 if left out. */
  alpha?: number;
  /** Factor of what `c` holds; 0 if left out, and then `c` is not read (it may hold NaN). 1 adds to `c`. */
  beta?: number;
  /** Elements between stored rows of `a`; packed if left out. */
  strideA?: number;
  /** Elements between stored rows of `b`; packed if left out. */
  strideB?: number;
  /** Elements between rows of `c`; packed if left out. */
  strideC?: number;
  /** Number of products; 1 if left out. */
  batch?: number;
  /** Elements from one `a` to the next; 0 (the same for all) if left out. */
  batchStrideA?: number;
  /** Elements from one `b` to the next; 0 (the same for all) if left out. */
  batchStrideB?: number;
  /** Elements from one `c` to the next; to be given when `batch` is above 1. */
  batchStrideC?: number;
}

/** out[row] = table[ids[row]]. An id outside of the table gives a row of NaN. */
export interface EmbeddingArguments {
  /** i32 [rows]. */
  ids: Slice;
  /** [vocabSize, columns]. (bf16) */
  table: Slice;
  /** [rows, columns]. (bf16) */
  out: Slice;
  /** Number of ids. */
  rows: number;
  /** Length of a table row. */
  columns: number;
  /** Rows of the table. */
  vocabSize: number;
}

/** dTable[id] = (or +=) sum of dOut[row] over the rows with ids[row] = id, in the order of rows. */
export interface EmbeddingBackwardArguments {
  /** i32 [rows]; an id outside of the table is passed over. */
  ids: Slice;
  /** [rows, columns]. (bf16) */
  dOut: Slice;
  /** [vocabSize, columns]. */
  dTable: Slice;
  /** Number of ids. */
  rows: number;
  /** Length of a table row. */
  columns: number;
  /** Rows of the table. */
  vocabSize: number;
  /** True adds to dTable; false overwrites all of it (rows of ids that do not occur become 0). */
  accumulate: boolean;
}

/** out[row] = x[row] * inverseRms[row] * weight, with inverseRms[row] = 1 / sqrt(mean(x[row]^2) + epsilon). */
export interface RmsNormArguments {
  /** [rows, columns]. (bf16) */
  x: Slice;
  /** [columns]. (bf16) */
  weight: Slice;
  /** [rows, columns]. (bf16) */
  out: Slice;
  /** [rows], written for the backward pass. */
  inverseRms: Slice;
  /** Number of rows. */
  rows: number;
  /** Length of a row. */
  columns: number;
  /** Added to the mean square. */
  epsilon: number;
}

/** sum = a + b, then `rmsNorm` of the sum. The gradient of a and of b is that of the sum: `rmsNormBackward` on it. */
export interface AddRmsNormArguments extends Omit<RmsNormArguments, "x"> {
  /** [rows, columns]. (bf16) */
  a: Slice;
  /** [rows, columns]. (bf16) */
  b: Slice;
  /** [rows, columns]; may be `a` or `b`. (bf16) */
  sum: Slice;
}

/** Gradients of `rmsNorm` with respect to x and weight. */
export interface RmsNormBackwardArguments {
  /** [rows, columns], as in the forward pass. (bf16) */
  x: Slice;
  /** [columns], as in the forward pass. (bf16) */
  weight: Slice;
  /** [rows], as the forward pass wrote it. */
  inverseRms: Slice;
  /** [rows, columns]. (bf16) */
  dOut: Slice;
  /** [rows, columns]; may be `dOut` unless `accumulateX`. (bf16) */
  dX: Slice;
  /** [columns]. */
  dWeight: Slice;
  /** Number of rows. */
  rows: number;
  /** Length of a row. */
  columns: number;
  /** True adds to dX (a residual stream's gradient), false overwrites it. */
  accumulateX: boolean;
  /** True adds to dWeight, false overwrites it. */
  accumulateWeight: boolean;
}

/**
 * Rotates the interleaved pairs (2i, 2i + 1) of every head by the angle of the row's position (Su et al., 2021):
 * (a, b) becomes (a cos - b sin, a sin + b cos). Row r has position positions[r mod numPositions].
 * A position outside of the table gives NaN.
 */
export interface RopeArguments {
  /** `rows` rows of `heads * headSize` elements. (bf16) */
  x: Slice;
  /** Like x; may be `x`. What lies between strided rows is left alone. (bf16) */
  out: Slice;
  /** i32 [numPositions]. */
  positions: Slice;
  /** Cosines, [tableRows, headSize / 2]: cos(position / theta^(2i / headSize)). */
  cos: Slice;
  /** Sines, [tableRows, headSize / 2]. */
  sin: Slice;
  /** Number of rows; a multiple of numPositions. */
  rows: number;
  /** Number of positions given. */
  numPositions: number;
  /** Heads that lie side by side in a row. */
  heads: number;
  /** Size of a head; even. */
  headSize: number;
  /** Rows of the tables; positions are below it. */
  tableRows: number;
  /** Elements between rows of x. */
  strideX: number;
  /** Elements between rows of out. */
  strideOut: number;
  /** True rotates backwards: the gradient of `rope` (x is then dOut and out is dX). */
  inverse: boolean;
}

/**
 * Queries, keys, values or their gradients: element (b, t, h, e) at b * batchStride + t * rowStride + h * headSize + e.
 */
export interface AttentionOperand {
  /** Starts at element (0, 0, 0, 0). (bf16) */
  slice: Slice;
  /** Elements between positions of a sequence. */
  rowStride: number;
  /** Elements between sequences. */
  batchStride: number;
}

/** What `attention` and its backward share. Query head h uses key and value head floor(h * numKvHeads / numHeads). */
export interface AttentionShape {
  /** Number of sequences. */
  batch: number;
  /** Query positions T. */
  queryLength: number;
  /** Key and value positions S; with `causal` at least T. */
  keyLength: number;
  /** Query heads; a multiple of numKvHeads. */
  numHeads: number;
  /** Key and value heads. */
  numKvHeads: number;
  /** Size of a head. */
  headSize: number;
  /** Factor of the scores before the softmax, usually 1 / sqrt(headSize). */
  scale: number;
  /** True: query i sees key j if j <= i + (S - T), so that the last query sees all keys. False: all. */
  causal: boolean;
  /**
   * i32 [batch, T, S], or [T, S] for all sequences: query i may see key j where it is not 0 (and `causal` allows it).
   * All heads share it. A query that sees nothing has output 0 and no gradient. Left out: everything is seen.
   */
  mask?: Slice;
}

/** out = softmax(scale * q k^T, where seen) v, for every head, without storing the T x S scores. */
export interface AttentionArguments extends AttentionShape {
  /** batch x T x numHeads x headSize. */
  q: AttentionOperand;
  /** batch x S x numKvHeads x headSize. */
  k: AttentionOperand;
  /** batch x S x numKvHeads x headSize. */
  v: AttentionOperand;
  /** batch x T x numHeads x headSize; what lies between strided rows is left alone. */
  out: AttentionOperand;
  /** [batch, numHeads, T]: natural logarithm of the sum of exponentials of each query's scaled scores, for backward. */
  logSumExp: Slice;
}

/** Gradients of `attention` with respect to q, k and v; what lies between strided rows is left alone. */
export interface AttentionBackwardArguments extends AttentionArguments {
  /** Like out. */
  dOut: AttentionOperand;
  /** Like q. */
  dQ: AttentionOperand;
  /** Like k; with fewer key heads than query heads, the sum over the query heads that share a key head. */
  dK: AttentionOperand;
  /** Like v. */
  dV: AttentionOperand;
}

/** out = x * sigmoid(x), element by element. */
export interface SiluArguments {
  /** Any length. (bf16) */
  x: Slice;
  /** As long as x; may be `x`. (bf16) */
  out: Slice;
}

/** dX = dOut * sigmoid(x) * (1 + x * (1 - sigmoid(x))). */
export interface SiluBackwardArguments {
  /** The forward pass's input. (bf16) */
  x: Slice;
  /** As long as x. (bf16) */
  dOut: Slice;
  /** As long as x; may be `x` or `dOut`. (bf16) */
  dX: Slice;
}

/** out = max(0, x)^2, element by element. */
export interface ReluSquaredArguments {
  /** Any length. (bf16) */
  x: Slice;
  /** As long as x; may be `x`. (bf16) */
  out: Slice;
}

/** dX = dOut * 2 max(0, x). */
export interface ReluSquaredBackwardArguments {
  /** The forward pass's input. (bf16) */
  x: Slice;
  /** As long as x. (bf16) */
  dOut: Slice;
  /** As long as x; may be `x` or `dOut`. (bf16) */
  dX: Slice;
}

/**
 * out = silu(gate) * up. Gate and up are `stride` apart from row to row, so that both may lie in one
 * [rows, 2 * columns] product of stacked weights.
 */
export interface SwigluArguments {
  /** `rows` rows of `columns`, `stride` apart. (bf16) */
  gate: Slice;
  /** `rows` rows of `columns`, `stride` apart. (bf16) */
  up: Slice;
  /** [rows, columns], packed. (bf16) */
  out: Slice;
  /** Number of rows. */
  rows: number;
  /** Length of a row of out. */
  columns: number;
  /** Elements between rows of gate, up and their gradients. */
  stride: number;
}

/** dUp = dOut * silu(gate); dGate = dOut * up * silu'(gate). */
export interface SwigluBackwardArguments extends Omit<SwigluArguments, "out"> {
  /** [rows, columns], packed. (bf16) */
  dOut: Slice;
  /** Like gate; may be `gate`. (bf16) */
  dGate: Slice;
  /** Like up; may be `up`. (bf16) */
  dUp: Slice;
}

/** out[row] = exp(x[row] - max) / sum(exp(x[row] - max)). */
export interface SoftmaxArguments {
  /** [rows, columns]. (bf16) */
  x: Slice;
  /** [rows, columns]; may be `x`. (bf16) */
  out: Slice;
  /** Number of rows. */
  rows: number;
  /** Length of a row. */
  columns: number;
}

/** dX[row] = out[row] * (dOut[row] - sum(dOut[row] * out[row])). */
export interface SoftmaxBackwardArguments {
  /** [rows, columns], the forward pass's output. (bf16) */
  out: Slice;
  /** [rows, columns]. (bf16) */
  dOut: Slice;
  /** [rows, columns]; may be `dOut`. (bf16) */
  dX: Slice;
  /** Number of rows. */
  rows: number;
  /** Length of a row. */
  columns: number;
}

/**
 * losses[row] = log(sum(exp(logits[row]))) - logits[row, targets[row]], in nats; and, if `dLogits` is given,
 * dLogits[row] = scale * (softmax(logits[row]) - one_hot(targets[row])). A target outside of the row gives NaN for the
 * loss and the row's gradient.
 */
export interface CrossEntropyArguments {
  /** [rows, columns]. (bf16) */
  logits: Slice;
  /** i32 [rows]. */
  targets: Slice;
  /** f32 [rows]. */
  losses: Slice;
  /** [rows, columns]; may be `logits`; left out, only the losses are computed. (bf16) */
  dLogits?: Slice;
  /** Factor of the gradient: 1 / rows for the mean loss. Not used without dLogits. */
  scale: number;
  /** Number of rows. */
  rows: number;
  /** Length of a row, the vocabulary's size. */
  columns: number;
}

/** out = a + b (`add`) or a * b (`mul`), element by element. */
export interface BinaryArguments {
  /** Any length. (bf16) */
  a: Slice;
  /** As long as a. (bf16) */
  b: Slice;
  /** As long as a; may be `a` or `b`. (bf16) */
  out: Slice;
}

/** out = factor * x, element by element. */
export interface ScaleArguments {
  /** Any length. (bf16) */
  x: Slice;
  /** As long as x; may be `x`. (bf16) */
  out: Slice;
  /** A number, or one f32 in device memory. */
  factor: number | Slice;
}

/** y adds factor * x, element by element. */
export interface AxpyArguments {
  /** Any length. (bf16) */
  x: Slice;
  /** As long as x; read and written. (bf16, or f32 with bf16 x) */
  y: Slice;
  /** Factor of x. */
  factor: number;
}

/** out = factor * sum(x) (`sum`) or factor * sum(x^2) (`sumOfSquares`), in an order that does not vary. */
export interface SumArguments {
  /** Any length. (bf16) */
  x: Slice;
  /** f32 [1]. */
  out: Slice;
  /** Factor of the sum; 1 / length gives the mean. */
  factor: number;
}

/** norm = sqrt(sumOfSquares); coefficient = min(1, maxNorm / (norm + 1e-6)) (handout, gradient clipping). */
export interface ClipCoefficientArguments {
  /** f32 [1], as `sumOfSquares` wrote it. */
  sumOfSquares: Slice;
  /** f32 [1]. */
  norm: Slice;
  /** f32 [1], to be given to `scale` or to an optimizer's step as gradientScale. */
  coefficient: Slice;
  /** The largest norm that is left alone; Infinity clips nothing. */
  maxNorm: number;
}

/** out = 1 / (sqrt(sumOfSquares) + epsilon): by which `scale` gives something a norm of 1. */
export interface InverseNormArguments {
  /** f32 [1], as `sumOfSquares` wrote it. */
  sumOfSquares: Slice;
  /** f32 [1]. */
  out: Slice;
  /** Added to the norm; above 0. */
  epsilon: number;
}

/**
 * One step of AdamW (Loshchilov and Hutter, 2019, as the handout writes it), with g = gradientScale * gradient:
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= stepSize * m / (sqrt(v) + epsilon);
 * w -= decay * w. Rates lie in device memory, so that a recorded step can be replayed with new ones.
 */
export interface AdamwStepArguments {
  /** f32, any length; read and written. */
  weights: Slice;
  /** As long as weights. (bf16) */
  gradients: Slice;
  /** f32, as long as weights; read and written. */
  firstMoments: Slice;
  /** f32, as long as weights; read and written. */
  secondMoments: Slice;
  /**
   * f32 [2]: stepSize = learning rate * sqrt(1 - beta2^t) / (1 - beta1^t), and decay = learning rate * weight decay.
   */
  rates: Slice;
  /** f32 [1], such as the clip coefficient; 1 if left out. */
  gradientScale?: Slice;
  /** Decay of the first moments. */
  beta1: number;
  /** Decay of the second moments. */
  beta2: number;
  /** Added to the root of the second moment. */
  epsilon: number;
  /** bf16, as long as weights: the new weights, rounded, for kernels that multiply in bfloat16. */
  lowPrecisionWeights?: Slice;
}

/** One step of gradient descent: w -= rate * gradientScale * gradient. */
export interface SgdStepArguments {
  /** f32, any length; read and written. */
  weights: Slice;
  /** As long as weights. (bf16) */
  gradients: Slice;
  /** f32 [1]: the learning rate. */
  rate: Slice;
  /** f32 [1], such as the clip coefficient; 1 if left out. */
  gradientScale?: Slice;
  /** bf16, as long as weights: the new weights, rounded. */
  lowPrecisionWeights?: Slice;
}

/** destination = source, converted if one is f32 and the other bf16. */
export interface CopyArguments {
  /** Any length. (bf16) */
  source: Slice;
  /** As long as source; must not overlap it. (bf16) */
  destination: Slice;
}

/**
 * Copies rows of `columns` elements: row (b, r) goes from b * sourceBatchStride + r * sourceStride to
 * b * destinationBatchStride + p * destinationStride, where p = r, or positions[r] if positions are given (a KV cache
 * is written that way). What lies between strided rows is left alone; a position outside of [0, destinationRows) is
 * passed over.
 */
export interface CopyRowsArguments {
  /** (bf16, or i32) */
  source: Slice;
  /** Of the same type; must not overlap source. */
  destination: Slice;
  /** i32 [rows]; left out: 0, 1, 2 ... */
  positions?: Slice;
  /** Number of matrices. */
  batch: number;
  /** Rows of each matrix to copy. */
  rows: number;
  /** Elements of a row to copy. */
  columns: number;
  /** Elements between rows of source. */
  sourceStride: number;
  /** Elements between matrices of source. */
  sourceBatchStride: number;
  /** Rows that each matrix of destination has. */
  destinationRows: number;
  /** Elements between rows of destination. */
  destinationStride: number;
  /** Elements between matrices of destination. */
  destinationBatchStride: number;
}

/** Sets every element to `value` (a whole number for i32). */
export interface FillArguments {
  /** f32, bf16 or i32, any length. */
  x: Slice;
  /** The value. */
  value: number;
}

/** The named operations of a device. Each is documented at its arguments; the rules common to all, at the top. */
export interface Operations {
  /** Matrix product; see {@link MatmulArguments}. */
  matmul(args: MatmulArguments): void;
  /** Rows of a table by id; see {@link EmbeddingArguments}. */
  embedding(args: EmbeddingArguments): void;
  /** Gradient of the table; see {@link EmbeddingBackwardArguments}. */
  embeddingBackward(args: EmbeddingBackwardArguments): void;
  /** Root-mean-square normalization; see {@link RmsNormArguments}. */
  rmsNorm(args: RmsNormArguments): void;
  /** Residual sum and its normalization; see {@link AddRmsNormArguments}. */
  addRmsNorm(args: AddRmsNormArguments): void;
  /** Gradients of the normalization; see {@link RmsNormBackwardArguments}. */
  rmsNormBackward(args: RmsNormBackwardArguments): void;
  /** Rotary position embedding and its gradient; see {@link RopeArguments}. */
  rope(args: RopeArguments): void;
  /** Scaled dot-product attention; see {@link AttentionArguments}. */
  attention(args: AttentionArguments): void;
  /** Gradients of attention; see {@link AttentionBackwardArguments}. */
  attentionBackward(args: AttentionBackwardArguments): void;
  /** SiLU; see {@link SiluArguments}. */
  silu(args: SiluArguments): void;
  /** Gradient of SiLU; see {@link SiluBackwardArguments}. */
  siluBackward(args: SiluBackwardArguments): void;
  /** Squared ReLU; see {@link ReluSquaredArguments}. */
  reluSquared(args: ReluSquaredArguments): void;
  /** Gradient of the squared ReLU; see {@link ReluSquaredBackwardArguments}. */
  reluSquaredBackward(args: ReluSquaredBackwardArguments): void;
  /** Gated SiLU; see {@link SwigluArguments}. */
  swiglu(args: SwigluArguments): void;
  /** Gradients of the gated SiLU; see {@link SwigluBackwardArguments}. */
  swigluBackward(args: SwigluBackwardArguments): void;
  /** Softmax of rows; see {@link SoftmaxArguments}. */
  softmax(args: SoftmaxArguments): void;
  /** Gradient of the softmax; see {@link SoftmaxBackwardArguments}. */
  softmaxBackward(args: SoftmaxBackwardArguments): void;
  /** Cross entropy fused with its gradient; see {@link CrossEntropyArguments}. */
  crossEntropy(args: CrossEntropyArguments): void;
  /** Sum; see {@link BinaryArguments}. */
  add(args: BinaryArguments): void;
  /** Product, element by element; see {@link BinaryArguments}. */
  mul(args: BinaryArguments): void;
  /** Multiple; see {@link ScaleArguments}. */
  scale(args: ScaleArguments): void;
  /** Adds a multiple; see {@link AxpyArguments}. */
  axpy(args: AxpyArguments): void;
  /** Sum of elements; see {@link SumArguments}. */
  sum(args: SumArguments): void;
  /** Sum of squares; see {@link SumArguments}. */
  sumOfSquares(args: SumArguments): void;
  /** Factor that clips a gradient's norm; see {@link ClipCoefficientArguments}. */
  clipCoefficient(args: ClipCoefficientArguments): void;
  /** Reciprocal of a norm; see {@link InverseNormArguments}. */
  inverseNorm(args: InverseNormArguments): void;
  /** AdamW; see {@link AdamwStepArguments}. */
  adamwStep(args: AdamwStepArguments): void;
  /** Gradient descent; see {@link SgdStepArguments}. */
  sgdStep(args: SgdStepArguments): void;
  /** Copy with conversion; see {@link CopyArguments}. */
  copy(args: CopyArguments): void;
  /** Copy of strided rows; see {@link CopyRowsArguments}. */
  copyRows(args: CopyRowsArguments): void;
  /** Constant; see {@link FillArguments}. */
  fill(args: FillArguments): void;
}
