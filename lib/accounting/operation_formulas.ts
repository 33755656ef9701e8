import { type Expression, fraction, product, sum, type Term } from "./expression.ts";

/**
 * What calls of one operation of a device cost, by formula; as `operationCosts` of lib/tensor counts them, in float32.
 */
export interface OperationFormula {
  /** The device's operation. */
  operation: string;
  /** How many calls there are. */
  calls: Expression;
  /** FLOPs of matrix products. */
  flops: Expression;
  /** All other FLOPs. */
  otherFlops: Expression;
  /** Bytes that must be read. */
  bytesRead: Expression;
  /** Bytes written. */
  bytesWritten: Expression;
}

/** Sizes of one call of attention: rows of all sequences together, and pairs of a query and a key of one head. */
export interface AttentionSizes {
  /** Elements of all queries. */
  queries: Term;
  /** Elements of all keys. */
  keys: Term;
  /** Query rows of all heads. */
  headRows: Term;
  /** Pairs of a query and a key, of all heads. */
  scores: Term;
}

/** The operations, by name, for one call. */
export const formulas = {
  matmul: (m: Term, n: Term, k: Term, accumulate = false) => {
    const out = product(m, n);
    return formula("matmul", {
      flops: product(2, m, n, k),
      otherFlops: accumulate ? out : 0,
      reads: [product(m, k), product(k, n), accumulate ? out : 0],
      writes: [out],
    });
  },
  /** Added to a multiple of what is there; the product multiplied too if `isScaled`. */
  matmulOnto: (m: Term, n: Term, k: Term, isScaled: boolean) => {
    const out = product(m, n);
    return formula("matmul", {
      flops: product(2, m, n, k),
      otherFlops: product(isScaled ? 3 : 2, out),
      reads: [product(m, k), product(k, n), out],
      writes: [out],
    });
  },
  embedding: (rows: Term, columns: Term) =>
    formula("embedding", { reads: [rows, product(rows, columns)], writes: [product(rows, columns)] }),
  embeddingBackward: (rows: Term, columns: Term, tableRows: Term, accumulate: boolean) => {
    const moved = product(rows, columns);
    return formula("embeddingBackward", {
      otherFlops: moved,
      reads: [rows, moved, moved],
      writes: [accumulate ? moved : product(tableRows, columns)],
    });
  },
  rmsNorm: (rows: Term, columns: Term) => {
    const all = product(rows, columns);
    return formula("rmsNorm", {
      otherFlops: sum(product(4, all), product(4, rows)),
      reads: [all, columns],
      writes: [all, rows],
    });
  },
  addRmsNorm: (rows: Term, columns: Term) => {
    const all = product(rows, columns);
    return formula("addRmsNorm", {
      otherFlops: sum(product(5, all), product(4, rows)),
      reads: [all, all, columns],
      writes: [all, all, rows],
    });
  },
  rmsNormBackward: (rows: Term, columns: Term, accumulate: boolean) => {
    const all = product(rows, columns);
    return formula("rmsNormBackward", {
      otherFlops: sum(product(accumulate ? 11 : 10, all), product(3, rows)),
      reads: [all, columns, rows, all, accumulate ? all : 0],
      writes: [all, columns],
    });
  },
  rope: (rows: Term, width: Term, positions: Term, headSize: Term) => {
    const all = product(rows, width);
    return formula("rope", {
      otherFlops: product(3, all),
      reads: [all, positions, product(positions, headSize)],
      writes: [all],
    });
  },
  attention: ({ queries, keys, headRows, scores }: AttentionSizes) =>
    formula("attention", {
      flops: product(4, scores, "d_h"),
      otherFlops: sum(product(4, scores), queries),
      reads: [queries, keys, keys],
      writes: [queries, headRows],
    }),
  attentionBackward: ({ queries, keys, headRows, scores }: AttentionSizes) =>
    formula("attentionBackward", {
      flops: product(10, scores, "d_h"),
      otherFlops: sum(product(5, scores), product(2, queries)),
      reads: [queries, keys, keys, queries, queries, headRows],
      writes: [queries, keys, keys],
    }),
  silu: (all: Term) => formula("silu", { otherFlops: product(4, all), reads: [all], writes: [all] }),
  siluBackward: (all: Term) =>
    formula("siluBackward", { otherFlops: product(7, all), reads: [all, all], writes: [all] }),
  reluSquared: (all: Term) => formula("reluSquared", { otherFlops: product(2, all), reads: [all], writes: [all] }),
  reluSquaredBackward: (all: Term) =>
    formula("reluSquaredBackward", { otherFlops: product(3, all), reads: [all, all], writes: [all] }),
  swiglu: (all: Term) => formula("swiglu", { otherFlops: product(5, all), reads: [all, all], writes: [all] }),
  swigluBackward: (all: Term) =>
    formula("swigluBackward", { otherFlops: product(10, all), reads: [all, all, all], writes: [all, all] }),
  /** With its gradient. */
  crossEntropy: (rows: Term, columns: Term) => {
    const all = product(rows, columns);
    return formula("crossEntropy", {
      otherFlops: sum(product(6, all), product(2, rows)),
      reads: [all, rows],
      writes: [rows, all],
    });
  },
  add: (all: Term) => formula("add", { otherFlops: all, reads: [all, all], writes: [all] }),
  sum: (all: Term) => formula("sum", { otherFlops: all, reads: [all], writes: [1] }),
  sumOfSquares: (all: Term) => formula("sumOfSquares", { otherFlops: product(2, all), reads: [all], writes: [1] }),
  clipCoefficient: () => formula("clipCoefficient", { otherFlops: 4, reads: [1], writes: [1, 1] }),
  scale: (all: Term) => formula("scale", { otherFlops: all, reads: [all], writes: [all] }),
  axpy: (all: Term) => formula("axpy", { otherFlops: product(2, all), reads: [all, all], writes: [all] }),
  copy: (all: Term) => formula("copy", { reads: [all], writes: [all] }),
  inverseNorm: () => formula("inverseNorm", { otherFlops: 3, reads: [1], writes: [1] }),
  sgdStep: (all: Term) => formula("sgdStep", { otherFlops: product(2, all), reads: [all, all], writes: [all] }),
  /** With gradients scaled by a clip coefficient. */
  adamwStep: (all: Term) =>
    formula("adamwStep", { otherFlops: product(15, all), reads: [all, all, all, all], writes: [all, all, all] }),
  fill: (all: Term) => formula("fill", { writes: [all] }),
  copyRows: (all: Term) => formula("copyRows", { reads: [all], writes: [all] }),
} as const satisfies Record<string, (...sizes: never[]) => OperationFormula>;

/** The same operation several times. */
export function times(count: Term, { operation, ...costs }: OperationFormula): OperationFormula {
  const all = (cost: Expression) => product(count, cost);
  return {
    operation,
    calls: all(costs.calls),
    flops: all(costs.flops),
    otherFlops: all(costs.otherFlops),
    bytesRead: all(costs.bytesRead),
    bytesWritten: all(costs.bytesWritten),
  };
}

/** Pairs of a query and a key of one head and sequence, for the last T of S positions: T (S - T) + T (T + 1) / 2. */
export function causalPairs(queries: Term, keys: Term): Expression {
  const half = fraction(1, 2);
  return sum(product(queries, keys), product(-1, half, queries, queries), product(half, queries));
}

function formula(
  operation: string,
  { flops = 0, otherFlops = 0, reads = [], writes }: {
    flops?: Term;
    otherFlops?: Term;
    reads?: readonly Term[];
    writes: readonly Term[];
  },
): OperationFormula {
  return {
    operation,
    calls: product(1),
    flops: product(flops),
    otherFlops: product(otherFlops),
    bytesRead: product(4, sum(...reads)),
    bytesWritten: product(4, sum(...writes)),
  };
}
