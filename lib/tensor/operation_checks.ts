import { ANY, BF16, Check, F32, FLOATS, I32 } from "./argument_check.ts";
import type { AddRmsNormArguments, AttentionShape, Operations } from "./operations.ts";
import type { Slice } from "./slice.ts";

/** For every operation, what its arguments must be for a kernel to trust them. */
export type OperationChecks = {
  readonly [Name in keyof Operations]: (
    device: { readonly name: string },
    args: Parameters<Operations[Name]>[0],
  ) => void;
};

/**
 * The checks that `Device` makes before it calls a backend: slices live, on that device, typed and long enough for the
 * dimensions given, outputs apart from inputs where an operation needs that.
 */
export const checks: OperationChecks = {
  matmul(device, args) {
    const check = new Check(device, "matmul");
    const { m, n, k, transposeA = false, transposeB = false, batch = 1 } = args;
    check.dimensions({ m, n, k, batch });
    const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
    const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
    const { strideA = columnsA, strideB = columnsB, strideC = n, batchStrideA = 0, batchStrideB = 0 } = args;
    const batchStrideC = args.batchStrideC ?? 0;
    if (batch > 1 && batchStrideC < (m - 1) * strideC + n) {
      throw new RangeError(
        `Cannot run matmul: batchStrideC is ${batchStrideC}; ${batch} matrices of ${m} rows ${strideC} apart must not overlap`,
      );
    }
    check.matrices("a", args.a, FLOATS, {
      batch,
      rows: rowsA,
      columns: columnsA,
      stride: strideA,
      batchStride: batchStrideA,
    });
    check.matrices("b", args.b, FLOATS, {
      batch,
      rows: rowsB,
      columns: columnsB,
      stride: strideB,
      batchStride: batchStrideB,
    });
    check.matrices("c", args.c, FLOATS, {
      batch,
      rows: m,
      columns: n,
      stride: strideC,
      batchStride: batchStrideC,
    });
    check.alike("a", args.a, "b", args.b);
    if (args.a.dtype === "f32") check.alike("a", args.a, "c", args.c);
    check.apart("c", args.c, "a", args.a);
    check.apart("c", args.c, "b", args.b);
  },

  embedding(device, { ids, table, out, rows, columns, vocabSize }) {
    const check = new Check(device, "embedding");
    check.dimensions({ rows, columns, vocabSize });
    check.slice("ids", ids, I32, rows);
    check.slice("table", table, FLOATS, vocabSize * columns);
    check.slice("out", out, FLOATS, rows * columns);
    check.alike("table", table, "out", out);
    check.apart("out", out, "table", table);
  },

  embeddingBackward(device, { ids, dOut, dTable, rows, columns, vocabSize }) {
    const check = new Check(device, "embeddingBackward");
    check.dimensions({ rows, columns, vocabSize });
    check.slice("ids", ids, I32, rows);
    check.slice("dOut", dOut, FLOATS, rows * columns);
    check.slice("dTable", dTable, FLOATS, vocabSize * columns);
    check.apart("dTable", dTable, "dOut", dOut);
  },

  rmsNorm(device, args) {
    const check = new Check(device, "rmsNorm");
    checkNorm(check, args);
    const { x } = args;
    check.slice("x", x, FLOATS, args.rows * args.columns);
    check.alike("x", x, "out", args.out);
    check.apart("out", args.out, "x", x);
  },

  addRmsNorm(device, args) {
    const check = new Check(device, "addRmsNorm");
    checkNorm(check, args);
    const { a, b, sum } = args;
    for (const [name, slice] of [["a", a], ["b", b], ["sum", sum]] as const) {
      check.slice(name, slice, FLOATS, args.rows * args.columns);
      check.alike(name, slice, "out", args.out);
      check.apart("out", args.out, name, slice);
    }
    check.sameOrApart("sum", sum, "a", a);
    check.sameOrApart("sum", sum, "b", b);
  },

  rmsNormBackward(device, { x, weight, inverseRms, dOut, dX, dWeight, rows, columns, accumulateX }) {
    const check = new Check(device, "rmsNormBackward");
    check.dimensions({ rows, columns });
    check.slice("x", x, FLOATS, rows * columns);
    check.slice("weight", weight, FLOATS, columns);
    check.slice("inverseRms", inverseRms, F32, rows);
    check.slice("dOut", dOut, FLOATS, rows * columns);
    check.slice("dX", dX, FLOATS, rows * columns);
    check.slice("dWeight", dWeight, FLOATS, columns);
    check.alike("x", x, "dX", dX);
    check.apart("dX", dX, "x", x);
    if (accumulateX) check.apart("dX", dX, "dOut", dOut);
    else check.sameOrApart("dX", dX, "dOut", dOut);
  },

  rope(device, args) {
    const { x, out, positions, cos, sin, rows, numPositions, heads, headSize, tableRows, strideX, strideOut } = args;
    const check = new Check(device, "rope");
    check.dimensions({ rows, numPositions, heads, headSize, tableRows });
    if (headSize % 2 !== 0) {
      throw new RangeError(`Cannot run rope: headSize is ${headSize}; it rotates pairs, so give an even size`);
    }
    if (rows % numPositions !== 0) {
      throw new RangeError(`Cannot run rope: rows is ${rows}; it must be a multiple of numPositions, ${numPositions}`);
    }
    check.matrices("x", x, FLOATS, { batch: 1, rows, columns: heads * headSize, stride: strideX, batchStride: 0 });
    check.matrices("out", out, FLOATS, {
      batch: 1,
      rows,
      columns: heads * headSize,
      stride: strideOut,
      batchStride: 0,
    });
    check.slice("positions", positions, I32, numPositions);
    check.slice("cos", cos, F32, tableRows * headSize / 2);
    check.slice("sin", sin, F32, tableRows * headSize / 2);
    check.alike("x", x, "out", out);
  },

  attention(device, args) {
    const check = new Check(device, "attention");
    checkAttention(check, args);
    const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize } = args;
    const [queryWidth, keyWidth] = [numHeads * headSize, numKvHeads * headSize];
    check.operand("q", args.q, batch, queryLength, queryWidth);
    check.operand("k", args.k, batch, keyLength, keyWidth);
    check.operand("v", args.v, batch, keyLength, keyWidth);
    check.operand("out", args.out, batch, queryLength, queryWidth);
    check.slice("logSumExp", args.logSumExp, F32, batch * numHeads * queryLength);
    for (const name of ["k", "v", "out"] as const) check.alike("q", args.q.slice, name, args[name].slice);
    for (const name of ["q", "k", "v"] as const) check.apart("out", args.out.slice, name, args[name].slice);
  },

  attentionBackward(device, args) {
    const check = new Check(device, "attentionBackward");
    checkAttention(check, args);
    const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize } = args;
    const [queryWidth, keyWidth] = [numHeads * headSize, numKvHeads * headSize];
    for (const name of ["q", "out", "dOut", "dQ"] as const) {
      check.operand(name, args[name], batch, queryLength, queryWidth);
    }
    for (const name of ["k", "v", "dK", "dV"] as const) check.operand(name, args[name], batch, keyLength, keyWidth);
    check.slice("logSumExp", args.logSumExp, F32, batch * numHeads * queryLength);
    for (const name of ["k", "v", "out", "dOut", "dQ", "dK", "dV"] as const) {
      check.alike("q", args.q.slice, name, args[name].slice);
    }
    // Gradients may lie side by side in the rows of one slice, as their operands may.
    for (const output of ["dQ", "dK", "dV"] as const) {
      for (const name of ["q", "k", "v", "out", "dOut"] as const) {
        check.apart(output, args[output].slice, name, args[name].slice);
      }
    }
  },

  silu(device, { x, out }) {
    new Check(device, "silu").elementwise({ x }, "out", out);
  },

  siluBackward(device, { x, dOut, dX }) {
    new Check(device, "siluBackward").elementwise({ x, dOut }, "dX", dX);
  },

  reluSquared(device, { x, out }) {
    new Check(device, "reluSquared").elementwise({ x }, "out", out);
  },

  reluSquaredBackward(device, { x, dOut, dX }) {
    new Check(device, "reluSquaredBackward").elementwise({ x, dOut }, "dX", dX);
  },

  swiglu(device, { gate, up, out, rows, columns, stride }) {
    const check = new Check(device, "swiglu");
    check.matrices("gate", gate, FLOATS, { batch: 1, rows, columns, stride, batchStride: 0 });
    check.matrices("up", up, FLOATS, { batch: 1, rows, columns, stride, batchStride: 0 });
    check.slice("out", out, FLOATS, rows * columns);
    check.alike("gate", gate, "up", up);
    check.alike("gate", gate, "out", out);
    check.apart("out", out, "gate", gate);
    check.apart("out", out, "up", up);
  },

  swigluBackward(device, { gate, up, dOut, dGate, dUp, rows, columns, stride }) {
    const check = new Check(device, "swigluBackward");
    for (const [name, slice] of Object.entries({ gate, up, dGate, dUp })) {
      check.matrices(name, slice, FLOATS, { batch: 1, rows, columns, stride, batchStride: 0 });
      check.alike("dOut", dOut, name, slice);
      check.apart("dOut", dOut, name, slice);
    }
    check.slice("dOut", dOut, FLOATS, rows * columns);
  },

  softmax(device, { x, out, rows, columns }) {
    const check = new Check(device, "softmax");
    check.dimensions({ rows, columns });
    check.slice("x", x, FLOATS, rows * columns);
    check.slice("out", out, FLOATS, rows * columns);
    check.alike("x", x, "out", out);
    check.sameOrApart("out", out, "x", x);
  },

  softmaxBackward(device, { out, dOut, dX, rows, columns }) {
    const check = new Check(device, "softmaxBackward");
    check.dimensions({ rows, columns });
    for (const [name, slice] of Object.entries({ out, dOut, dX })) {
      check.slice(name, slice, FLOATS, rows * columns);
      check.alike("out", out, name, slice);
    }
    check.sameOrApart("dX", dX, "dOut", dOut);
    check.apart("dX", dX, "out", out);
  },

  crossEntropy(device, { logits, targets, losses, dLogits, rows, columns }) {
    const check = new Check(device, "crossEntropy");
    check.dimensions({ rows, columns });
    check.slice("logits", logits, FLOATS, rows * columns);
    check.slice("targets", targets, I32, rows);
    check.slice("losses", losses, F32, rows);
    check.apart("losses", losses, "logits", logits);
    if (dLogits === undefined) return;
    check.slice("dLogits", dLogits, FLOATS, rows * columns);
    check.alike("logits", logits, "dLogits", dLogits);
    check.sameOrApart("dLogits", dLogits, "logits", logits);
  },

  add(device, { a, b, out }) {
    new Check(device, "add").elementwise({ a, b }, "out", out);
  },

  mul(device, { a, b, out }) {
    new Check(device, "mul").elementwise({ a, b }, "out", out);
  },

  scale(device, { x, out, factor }) {
    const check = new Check(device, "scale");
    check.elementwise({ x }, "out", out);
    if (typeof factor !== "number") check.slice("factor", factor, F32, 1);
  },

  axpy(device, { x, y }) {
    const check = new Check(device, "axpy");
    check.slice("x", x, FLOATS, 1);
    check.slice("y", y, FLOATS, 1);
    check.sameLength("x", x, "y", y);
    if (x.dtype === "f32") check.alike("x", x, "y", y);
    check.sameOrApart("y", y, "x", x);
  },

  sum(device, { x, out }) {
    const check = new Check(device, "sum");
    check.slice("x", x, FLOATS, 1);
    check.slice("out", out, F32, 1);
  },

  sumOfSquares(device, { x, out }) {
    const check = new Check(device, "sumOfSquares");
    check.slice("x", x, FLOATS, 1);
    check.slice("out", out, F32, 1);
  },

  clipCoefficient(device, { sumOfSquares, norm, coefficient, maxNorm }) {
    const check = new Check(device, "clipCoefficient");
    check.slice("sumOfSquares", sumOfSquares, F32, 1);
    check.slice("norm", norm, F32, 1);
    check.slice("coefficient", coefficient, F32, 1);
    if (!(maxNorm > 0)) {
      throw new RangeError(
        `Cannot run clipCoefficient: maxNorm is ${maxNorm}; give a number above 0, or Infinity to clip nothing`,
      );
    }
  },

  inverseNorm(device, { sumOfSquares, out, epsilon }) {
    const check = new Check(device, "inverseNorm");
    check.slice("sumOfSquares", sumOfSquares, F32, 1);
    check.slice("out", out, F32, 1);
    if (!(epsilon > 0 && epsilon < Infinity)) {
      throw new RangeError(
        `Cannot run inverseNorm: epsilon is ${epsilon}; give a number above 0, for what has no norm`,
      );
    }
  },

  adamwStep(device, args) {
    const check = new Check(device, "adamwStep");
    checkStep(check, args);
    const { weights, firstMoments, secondMoments } = args;
    check.slice("firstMoments", firstMoments, F32, 1);
    check.slice("secondMoments", secondMoments, F32, 1);
    check.sameLength("weights", weights, "firstMoments", firstMoments);
    check.sameLength("weights", weights, "secondMoments", secondMoments);
    check.apart("firstMoments", firstMoments, "weights", weights);
    check.apart("firstMoments", firstMoments, "secondMoments", secondMoments);
    check.apart("secondMoments", secondMoments, "weights", weights);
    check.slice("rates", args.rates, F32, 2);
  },

  sgdStep(device, args) {
    const check = new Check(device, "sgdStep");
    checkStep(check, args);
    check.slice("rate", args.rate, F32, 1);
  },

  copy(device, { source, destination }) {
    const check = new Check(device, "copy");
    check.slice("source", source, ANY, 1);
    check.slice("destination", destination, ANY, 1);
    check.sameLength("source", source, "destination", destination);
    if ((source.dtype === "i32") !== (destination.dtype === "i32")) {
      check.alike("source", source, "destination", destination);
    }
    check.apart("destination", destination, "source", source);
  },

  copyRows(device, args) {
    const check = new Check(device, "copyRows");
    const { batch, rows, columns, sourceStride, sourceBatchStride, destinationStride, destinationBatchStride } = args;
    const { source, destination, positions, destinationRows } = args;
    check.matrices("source", source, ANY, {
      batch,
      rows,
      columns,
      stride: sourceStride,
      batchStride: sourceBatchStride,
    });
    check.matrices("destination", destination, ANY, {
      batch,
      rows: destinationRows,
      columns,
      stride: destinationStride,
      batchStride: destinationBatchStride,
    });
    check.alike("source", source, "destination", destination);
    check.apart("destination", destination, "source", source);
    if (positions !== undefined) check.slice("positions", positions, I32, rows);
    else if (rows > destinationRows) {
      throw new RangeError(
        `Cannot run copyRows: rows is ${rows}, destinationRows ${destinationRows}; copy at most these`,
      );
    }
  },

  fill(device, { x, value }) {
    new Check(device, "fill").slice("x", x, ANY, 1);
    if (x.dtype === "i32" && (value | 0) !== value) {
      throw new RangeError(`Cannot run fill: value is ${value}, x is i32; give a 32-bit integer`);
    }
  },
};

function checkNorm(
  check: Check,
  { weight, out, inverseRms, rows, columns, epsilon }: Omit<AddRmsNormArguments, "a" | "b" | "sum">,
): void {
  check.dimensions({ rows, columns });
  if (!(epsilon >= 0)) {
    throw new RangeError(`Cannot run ${check.operation}: epsilon is ${epsilon}; give a number of at least 0`);
  }
  check.slice("weight", weight, FLOATS, columns);
  check.slice("out", out, FLOATS, rows * columns);
  check.slice("inverseRms", inverseRms, F32, rows);
}

function checkAttention(check: Check, shape: AttentionShape): void {
  const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize, causal, mask } = shape;
  check.dimensions({ batch, queryLength, keyLength, numHeads, numKvHeads, headSize });
  if (numHeads % numKvHeads !== 0) {
    throw new RangeError(
      `Cannot run ${check.operation}: numHeads is ${numHeads}; it must be a multiple of numKvHeads, ${numKvHeads}`,
    );
  }
  if (causal && keyLength < queryLength) {
    throw new RangeError(
      `Cannot run ${check.operation}: keyLength is ${keyLength}, queryLength ${queryLength}; ` +
        `causal attention needs at least as many keys as queries`,
    );
  }
  if (mask === undefined) return;
  check.slice("mask", mask, I32, 1);
  const one = queryLength * keyLength;
  if (mask.length !== one && mask.length !== batch * one) {
    throw new RangeError(
      `Cannot run ${check.operation}: mask has ${mask.length} elements; it must have queryLength * keyLength = ${one}, ` +
        `or that for each of ${batch} sequences`,
    );
  }
}

function checkStep(
  check: Check,
  { weights, gradients, gradientScale, lowPrecisionWeights }: {
    weights: Slice;
    gradients: Slice;
    gradientScale?: Slice;
    lowPrecisionWeights?: Slice;
  },
): void {
  check.slice("weights", weights, F32, 1);
  check.slice("gradients", gradients, FLOATS, 1);
  check.sameLength("weights", weights, "gradients", gradients);
  check.apart("weights", weights, "gradients", gradients);
  if (gradientScale !== undefined) check.slice("gradientScale", gradientScale, F32, 1);
  if (lowPrecisionWeights === undefined) return;
  check.slice("lowPrecisionWeights", lowPrecisionWeights, BF16, 1);
  check.sameLength("weights", weights, "lowPrecisionWeights", lowPrecisionWeights);
}
