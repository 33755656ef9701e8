import type { AttentionShape, Operations } from "./operations.ts";
import { BYTES_PER_ELEMENT, type Slice } from "./slice.ts";

/** What one operation costs, exactly. */
export interface OperationCost {
  /** Multiplications and additions of matrix products, two for each pair of factors; none that a causal mask saves. */
  flops: bigint;
  /** What `flops` would be more if causal attention computed all T x S scores. */
  skippedFlops: bigint;
  /** The part of `flops` that computes something a second time: attention's scores in the backward pass. */
  recomputedFlops: bigint;
  /** All other arithmetic, an exponential, a root or a division counted as one. */
  otherFlops: bigint;
  /** Bytes that must be read at least once. */
  bytesRead: bigint;
  /** Bytes written. */
  bytesWritten: bigint;
}

/** For every operation, its cost from its arguments alone. */
export type OperationCosts = {
  readonly [Name in keyof Operations]: (args: Parameters<Operations[Name]>[0]) => OperationCost;
};

/** Costs of the operations as `Operations` defines them, whatever the device. */
export const operationCosts: OperationCosts = {
  matmul({ a, b, c, m, n, k, alpha = 1, beta = 0, batch = 1, batchStrideA = 0, batchStrideB = 0 }) {
    const out = product(batch, m, n);
    return cost({
      flops: 2n * out * BigInt(k),
      otherFlops: (alpha === 1 ? 0n : out) + (beta === 0 ? 0n : beta === 1 ? out : 2n * out),
      reads: [
        [a, product(batchStrideA === 0 ? 1 : batch, m, k)],
        [b, product(batchStrideB === 0 ? 1 : batch, k, n)],
        [c, beta === 0 ? 0n : out],
      ],
      writes: [[c, out]],
    });
  },
  embedding({ ids, out, rows, columns }) {
    const moved = product(rows, columns);
    return cost({ reads: [[ids, BigInt(rows)], [out, moved]], writes: [[out, moved]] });
  },
  embeddingBackward({ ids, dOut, dTable, rows, columns, vocabSize, accumulate }) {
    const moved = product(rows, columns);
    return cost({
      otherFlops: moved,
      reads: [[ids, BigInt(rows)], [dOut, moved], [dTable, moved]],
      writes: [[dTable, accumulate ? moved : product(vocabSize, columns)]],
    });
  },
  rmsNorm({ x, weight, out, inverseRms, rows, columns }) {
    const all = product(rows, columns);
    return cost({
      otherFlops: 4n * all + 4n * BigInt(rows),
      reads: [[x, all], [weight, BigInt(columns)]],
      writes: [[out, all], [inverseRms, BigInt(rows)]],
    });
  },
  addRmsNorm({ a, b, sum, weight, out, inverseRms, rows, columns }) {
    const all = product(rows, columns);
    return cost({
      otherFlops: 5n * all + 4n * BigInt(rows),
      reads: [[a, all], [b, all], [weight, BigInt(columns)]],
      writes: [[sum, all], [out, all], [inverseRms, BigInt(rows)]],
    });
  },
  rmsNormBackward({ x, weight, inverseRms, dOut, dX, dWeight, rows, columns, accumulateX, accumulateWeight }) {
    const all = product(rows, columns);
    return cost({
      otherFlops: (accumulateX ? 11n : 10n) * all + 3n * BigInt(rows),
      reads: [
        ...[[x, all], [weight, BigInt(columns)], [inverseRms, BigInt(rows)], [dOut, all]] as const,
        ...[[dX, accumulateX ? all : 0n], [dWeight, accumulateWeight ? BigInt(columns) : 0n]] as const,
      ],
      writes: [[dX, all], [dWeight, BigInt(columns)]],
    });
  },
  rope({ x, out, positions, cos, sin, rows, numPositions, heads, headSize }) {
    const all = product(rows, heads, headSize);
    const angles = product(numPositions, headSize / 2);
    return cost({
      otherFlops: 3n * all,
      reads: [[x, all], [positions, BigInt(numPositions)], [cos, angles], [sin, angles]],
      writes: [[out, all]],
    });
  },
  attention(args) {
    const { queries, keys, scores, pairs, hidden } = attentionSizes(args);
    return cost({
      flops: 4n * pairs,
      skippedFlops: 4n * hidden,
      otherFlops: 4n * scores + queries,
      reads: [[args.q.slice, queries], [args.k.slice, keys], [args.v.slice, keys], maskReads(args)],
      writes: [[args.out.slice, queries], [args.logSumExp, rowsOf(args)]],
    });
  },
  attentionBackward(args) {
    const { queries, keys, scores, pairs, hidden } = attentionSizes(args);
    const { q, k, v, out, dOut, dQ, dK, dV, logSumExp } = args;
    return cost({
      flops: 10n * pairs,
      skippedFlops: 10n * hidden,
      recomputedFlops: 2n * pairs,
      otherFlops: 5n * scores + 2n * queries,
      reads: [
        ...[[q.slice, queries], [k.slice, keys], [v.slice, keys], [out.slice, queries]] as const,
        ...[[dOut.slice, queries], [logSumExp, rowsOf(args)], maskReads(args)] as const,
      ],
      writes: [[dQ.slice, queries], [dK.slice, keys], [dV.slice, keys]],
    });
  },
  silu: ({ x, out }) => elementwise(4, [x], [out]),
  siluBackward: ({ x, dOut, dX }) => elementwise(7, [x, dOut], [dX]),
  reluSquared: ({ x, out }) => elementwise(2, [x], [out]),
  reluSquaredBackward: ({ x, dOut, dX }) => elementwise(3, [x, dOut], [dX]),
  swiglu({ gate, up, out, rows, columns }) {
    const all = product(rows, columns);
    return cost({ otherFlops: 5n * all, reads: [[gate, all], [up, all]], writes: [[out, all]] });
  },
  swigluBackward({ gate, up, dOut, dGate, dUp, rows, columns }) {
    const all = product(rows, columns);
    return cost({
      otherFlops: 10n * all,
      reads: [[gate, all], [up, all], [dOut, all]],
      writes: [[dGate, all], [dUp, all]],
    });
  },
  softmax({ x, out, rows, columns }) {
    const all = product(rows, columns);
    return cost({ otherFlops: 5n * all, reads: [[x, all]], writes: [[out, all]] });
  },
  softmaxBackward({ out, dOut, dX, rows, columns }) {
    const all = product(rows, columns);
    return cost({ otherFlops: 4n * all, reads: [[out, all], [dOut, all]], writes: [[dX, all]] });
  },
  crossEntropy({ logits, targets, losses, dLogits, rows, columns }) {
    const all = product(rows, columns);
    return cost({
      otherFlops: (dLogits === undefined ? 4n : 6n) * all + 2n * BigInt(rows),
      reads: [[logits, all], [targets, BigInt(rows)]],
      writes: [[losses, BigInt(rows)], ...(dLogits === undefined ? [] : [[dLogits, all] as const])],
    });
  },
  add: ({ a, b, out }) => elementwise(1, [a, b], [out]),
  mul: ({ a, b, out }) => elementwise(1, [a, b], [out]),
  scale: ({ x, out }) => elementwise(1, [x], [out]),
  axpy: ({ x, y }) => elementwise(2, [x, y], [y]),
  sum: ({ x, out }) => cost({ otherFlops: size(x), reads: [[x, size(x)]], writes: [[out, 1n]] }),
  sumOfSquares: ({ x, out }) => cost({ otherFlops: 2n * size(x), reads: [[x, size(x)]], writes: [[out, 1n]] }),
  clipCoefficient({ sumOfSquares, norm, coefficient }) {
    return cost({ otherFlops: 4n, reads: [[sumOfSquares, 1n]], writes: [[norm, 1n], [coefficient, 1n]] });
  },
  inverseNorm: ({ sumOfSquares, out }) => cost({ otherFlops: 3n, reads: [[sumOfSquares, 1n]], writes: [[out, 1n]] }),
  adamwStep({ weights, gradients, firstMoments, secondMoments, gradientScale, lowPrecisionWeights }) {
    // Moments 3 and 4, step 5 (product, root, sum, quotient, difference), decay 2; one more if gradients are scaled.
    return elementwise(gradientScale === undefined ? 14 : 15, [weights, gradients, firstMoments, secondMoments], [
      ...[weights, firstMoments, secondMoments],
      ...(lowPrecisionWeights === undefined ? [] : [lowPrecisionWeights]),
    ]);
  },
  sgdStep({ weights, gradients, gradientScale, lowPrecisionWeights }) {
    return elementwise(gradientScale === undefined ? 2 : 3, [weights, gradients], [
      weights,
      ...(lowPrecisionWeights === undefined ? [] : [lowPrecisionWeights]),
    ]);
  },
  copy: ({ source, destination }) => elementwise(0, [source], [destination]),
  copyRows({ source, destination, batch, rows, columns }) {
    const all = product(batch, rows, columns);
    return cost({ reads: [[source, all]], writes: [[destination, all]] });
  },
  fill: ({ x }) => elementwise(0, [], [x]),
};

type Access = readonly [slice: Slice, elements: bigint];

function cost(
  { reads, writes, ...flops }: Partial<OperationCost> & { reads: readonly Access[]; writes: readonly Access[] },
): OperationCost {
  const bytes = (accesses: readonly Access[]) =>
    accesses.reduce((sum, [slice, elements]) => sum + elements * BigInt(BYTES_PER_ELEMENT[slice.dtype]), 0n);
  return {
    ...{ flops: 0n, skippedFlops: 0n, recomputedFlops: 0n, otherFlops: 0n, ...flops },
    ...{ bytesRead: bytes(reads), bytesWritten: bytes(writes) },
  };
}

function elementwise(flops: number, inputs: readonly Slice[], outputs: readonly Slice[]): OperationCost {
  const access = (slice: Slice) => [slice, size(slice)] as const;
  const otherFlops = BigInt(flops) * size(outputs[0]);
  return cost({ otherFlops, reads: inputs.map(access), writes: outputs.map(access) });
}

function attentionSizes({ batch, queryLength, keyLength, numHeads, numKvHeads, headSize, causal }: AttentionShape) {
  const [t, s] = [BigInt(queryLength), BigInt(keyLength)];
  const heads = product(batch, numHeads);
  // Query i of T sees the first S - T + i + 1 keys.
  const scores = heads * (causal ? t * (s - t) + t * (t + 1n) / 2n : t * s);
  const width = BigInt(headSize);
  return {
    queries: heads * t * width,
    keys: product(batch, numKvHeads) * s * width,
    scores,
    pairs: scores * width,
    hidden: (heads * t * s - scores) * width,
  };
}

function maskReads({ mask, q }: { mask?: Slice; q: { slice: Slice } }): Access {
  return mask === undefined ? [q.slice, 0n] : [mask, size(mask)];
}

function rowsOf({ batch, numHeads, queryLength }: AttentionShape): bigint {
  return product(batch, numHeads, queryLength);
}

function size(slice: Slice): bigint {
  return BigInt(slice.length);
}

function product(...factors: number[]): bigint {
  return factors.reduce((all, factor) => all * BigInt(factor), 1n);
}
