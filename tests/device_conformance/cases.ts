import type { Operations } from "../../lib/tensor/operations.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { attentionCases } from "./attention_cases.ts";
import type { Case, Workbench } from "./workbench.ts";

/** At least one case for every operation: the type leaves none out. */
export const cases: Record<keyof Operations, Record<string, Case>> = {
  matmul: {
    ...Object.fromEntries(
      [[1, 1, 1], [1, 37, 19], [5, 7, 3], [6, 8, 16], [64, 48, 32], [33, 130, 129], [2, 300, 513], [130, 257, 70]]
        .flatMap(
          ([m, n, k]) =>
            [[false, false], [false, true], [true, false], [true, true]].map(([transposeA, transposeB]) => [
              `${m} x ${n} x ${k}${transposeA ? ", a transposed" : ""}${transposeB ? ", b transposed" : ""}`,
              (bench: Workbench) => {
                const [a, b, c] = [bench.normal(m * k), bench.normal(k * n), bench.output(m * n)];
                bench.device.matmul({ a, b, c, m, n, k, transposeA, transposeB });
                return { c };
              },
            ]),
        ),
    ),
    "alpha and beta": (bench) => {
      const [m, n, k] = [19, 33, 21];
      const [a, b, c] = [bench.normal(m * k), bench.normal(k * n), bench.normal(m * n)];
      bench.device.matmul({ a, b, c, m, n, k, alpha: -0.5, beta: 1 });
      const [d, one] = [bench.normal(n), bench.normal(k)];
      bench.device.matmul({ a: one, b, c: d, m: 1, n, k, alpha: 2, beta: 0.25 });
      return { c, d };
    },
    "beta on transposed operands, as a weight's gradient": (bench) => {
      const [rows, dOut, dIn] = [67, 40, 24];
      const [a, b, c] = [bench.normal(rows * dOut), bench.normal(rows * dIn), bench.normal(dOut * dIn)];
      bench.device.matmul({ a, b, c, m: dOut, n: dIn, k: rows, transposeA: true, beta: 1 });
      return { c };
    },
    "strided operands leave the gaps alone": (bench) => {
      const [m, n, k] = [9, 10, 11];
      const [a, b, c] = [bench.normal(m * 20), bench.normal(n * 15), bench.normal(m * 13)];
      bench.device.matmul({ a, b, c, m, n, k, transposeB: true, strideA: 20, strideB: 15, strideC: 13 });
      return { c };
    },
    "batches, one operand shared": (bench) => {
      const [m, n, k, batch] = [5, 9, 12, 3];
      const [a, b, c] = [bench.normal(batch * m * k), bench.normal(k * n), bench.output(batch * m * n)];
      bench.device.matmul({ a, b, c, m, n, k, batch, batchStrideA: m * k, batchStrideC: m * n });
      const [d, e] = [bench.normal(batch * k * n), bench.normal(batch * m * n)];
      bench.device.matmul({
        ...{ a, b: d, c: e, m, n, k, batch, beta: 1 },
        ...{ batchStrideA: m * k, batchStrideB: k * n, batchStrideC: m * n },
      });
      return { c, e };
    },
    "a slice that starts within another": (bench) => {
      const [a, b, c] = [bench.normal(41).sub(1, 40), bench.normal(35).sub(3), bench.normal(30)];
      bench.device.matmul({ a, b, c: c.sub(5, 20), m: 5, n: 4, k: 8 });
      return { c };
    },
  },

  embedding: {
    "rows, repeated and missing": (bench) => {
      const [rows, columns, vocabSize] = [11, 37, 7];
      const ids = bench.integers([0, 6, 3, 3, -1, 7, 2, 1, 0, 5, 4]);
      const [table, out] = [bench.normal(vocabSize * columns), bench.output(rows * columns)];
      bench.device.embedding({ ids, table, out, rows, columns, vocabSize });
      return { out };
    },
    ...Object.fromEntries([601, 2120].map((columns) => [`rows of ${columns}`, (bench: Workbench) => {
      const [ids, vocabSize] = [bench.integers([2, 0, 3, 2]), 3];
      const [table, out] = [bench.normal(vocabSize * columns), bench.output(4 * columns)];
      bench.device.embedding({ ids, table, out, rows: 4, columns, vocabSize });
      return { out };
    }])),
  },

  embeddingBackward: {
    ...Object.fromEntries([false, true].map((accumulate) => [
      accumulate ? "adds" : "overwrites",
      (bench: Workbench) => {
        const [rows, columns, vocabSize] = [200, 20, 50];
        const ids = bench.below(vocabSize + 1, rows);
        const dOut = bench.normal(rows * columns);
        const dTable = accumulate ? bench.normal(vocabSize * columns) : bench.output(vocabSize * columns);
        bench.device.embeddingBackward({ ids, dOut, dTable, rows, columns, vocabSize, accumulate });
        return { dTable };
      },
    ])),
    "many rows, ids of two bytes": (bench) => {
      const [rows, columns, vocabSize] = [1300, 5, 700];
      const [ids, dOut] = [bench.below(vocabSize + 1, rows), bench.normal(rows * columns)];
      const dTable = bench.output(vocabSize * columns);
      bench.device.embeddingBackward({ ids, dOut, dTable, rows, columns, vocabSize, accumulate: false });
      return { dTable };
    },
  },

  rmsNorm: Object.fromEntries([[1, 1], [3, 5], [17, 64], [70, 131]].map(([rows, columns]) => [
    `${rows} x ${columns}`,
    (bench: Workbench) => {
      const [x, weight] = [bench.normal(rows * columns, 3), bench.normal(columns)];
      const [out, inverseRms] = [bench.output(rows * columns), bench.output(rows)];
      bench.device.rmsNorm({ x, weight, out, inverseRms, rows, columns, epsilon: 1e-5 });
      return { out, inverseRms };
    },
  ])),

  addRmsNorm: {
    ...Object.fromEntries([false, true].map((inPlace) => [
      inPlace ? "sum in place of a" : "sum apart",
      (bench: Workbench) => {
        const [rows, columns] = [19, 44];
        const [a, b, weight] = [bench.normal(rows * columns), bench.normal(rows * columns), bench.normal(columns)];
        const sum = inPlace ? a : bench.output(rows * columns);
        const [out, inverseRms] = [bench.output(rows * columns), bench.output(rows)];
        bench.device.addRmsNorm({ a, b, sum, weight, out, inverseRms, rows, columns, epsilon: 1e-5 });
        return { sum, out, inverseRms };
      },
    ])),
  },

  rmsNormBackward: {
    ...Object.fromEntries(
      [[3, 5], [70, 131], [300, 64], [4300, 8]].flatMap(([rows, columns]) =>
        [false, true].map((accumulate) => [
          `${rows} x ${columns}, ${accumulate ? "adds" : "overwrites"}`,
          (bench: Workbench) => {
            const [x, weight] = [bench.normal(rows * columns, 3), bench.normal(columns)];
            const [out, inverseRms] = [bench.output(rows * columns), bench.output(rows)];
            bench.device.rmsNorm({ x, weight, out, inverseRms, rows, columns, epsilon: 1e-5 });
            const dOut = bench.normal(rows * columns);
            const dX = accumulate ? bench.normal(rows * columns) : bench.output(rows * columns);
            const dWeight = accumulate ? bench.normal(columns) : bench.output(columns);
            const flags = { accumulateX: accumulate, accumulateWeight: accumulate };
            bench.device.rmsNormBackward({ x, weight, inverseRms, dOut, dX, dWeight, rows, columns, ...flags });
            return { dX, dWeight };
          },
        ])
      ),
    ),
    "dX in place of dOut": (bench) => {
      const [rows, columns] = [13, 32];
      const [x, weight, inverseRms] = [bench.normal(rows * columns), bench.normal(columns), bench.output(rows)];
      const [out, dOut, dWeight] = [bench.output(rows * columns), bench.normal(rows * columns), bench.output(columns)];
      bench.device.rmsNorm({ x, weight, out, inverseRms, rows, columns, epsilon: 1e-5 });
      const flags = { accumulateX: false, accumulateWeight: false };
      bench.device.rmsNormBackward({ x, weight, inverseRms, dOut, dX: dOut, dWeight, rows, columns, ...flags });
      return { dX: dOut, dWeight };
    },
  },

  rope: {
    ...Object.fromEntries(
      [[2, 3], [8, 4], [32, 2], [6, 1]].flatMap(([headSize, heads]) =>
        [false, true].map((inverse) => [
          `${heads} heads of ${headSize}${inverse ? ", inverse" : ""}`,
          (bench: Workbench) => {
            const [rows, numPositions, tableRows] = [14, 7, 40];
            const width = heads * headSize;
            const [x, out] = [bench.normal(rows * width), bench.output(rows * width)];
            const positions = bench.integers([3, 4, 5, 39, 0, 40, -1]);
            const [cos, sin] = [bench.normal(tableRows * headSize / 2), bench.normal(tableRows * headSize / 2)];
            bench.device.rope({
              ...{ x, out, positions, cos, sin, rows, numPositions, heads, headSize, tableRows, inverse },
              ...{ strideX: width, strideOut: width },
            });
            return { out };
          },
        ])
      ),
    ),
    "in place within wider rows": (bench) => {
      const [rows, heads, headSize, tableRows, stride] = [9, 4, 8, 9, 50];
      const x = bench.normal(rows * stride);
      const [cos, sin] = [bench.normal(tableRows * headSize / 2), bench.normal(tableRows * headSize / 2)];
      const positions = bench.integers([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      bench.device.rope({
        ...{ x, out: x, positions, cos, sin, rows, numPositions: rows, heads, headSize, tableRows },
        ...{ strideX: stride, strideOut: stride, inverse: false },
      });
      return { x };
    },
  },

  attention: {
    ...attentionCases(false),
    // One query alone, heads of 20 and heads of 64 (in bfloat16) go different ways on different devices.
    ...Object.fromEntries([[1, 8, 20], [40, 50, 20], [70, 70, 64]].map(([queryLength, keyLength, headSize]) => [
      `a query of ${queryLength} that is NaN, heads of ${headSize}`,
      (bench: Workbench) => {
        const shape = { batch: 1, queryLength, keyLength, numHeads: 1, numKvHeads: 1, headSize, causal: true };
        const rows = (slice: Slice) => ({ slice, rowStride: headSize, batchStride: slice.length });
        const [k, v] = [bench.normal(keyLength * headSize), bench.normal(keyLength * headSize)];
        const q = bench.normal(queryLength * headSize);
        bench.device.fill({ x: q.sub(0, headSize), value: NaN });
        const [out, logSumExp] = [bench.output(queryLength * headSize), bench.output(queryLength)];
        const operands = { q: rows(q), k: rows(k), v: rows(v), out: rows(out), logSumExp };
        bench.device.attention({ ...shape, ...operands, scale: 1 / Math.sqrt(headSize) });
        return { out, logSumExp };
      },
    ])),
  },
  attentionBackward: attentionCases(true),

  silu: {
    "out apart and in place, far from 0 too": (bench) => {
      const x = bench.floats([0, -0.5, 1, -30, 30, -100, 100, -700, 700, 1e-20]);
      const out = bench.output(x.length);
      bench.device.silu({ x, out });
      const y = bench.normal(1003, 4);
      bench.device.silu({ x: y, out: y });
      return { out, y };
    },
    "0 however far below 0": (bench) => {
      const x = bench.floats([-89, -1e10, -1e30, -3e38, 2]);
      const out = bench.output(x.length);
      bench.device.silu({ x, out });
      return { out };
    },
  },

  siluBackward: {
    "dX apart and in place, far from 0 too": (bench) => {
      const x = bench.floats([0, -0.5, 1, -30, 30, -100, 100, -700, 700, 1e-20]);
      const [ones, dX] = [bench.floats(Array.from({ length: x.length }, () => 1)), bench.output(x.length)];
      bench.device.siluBackward({ x, dOut: ones, dX });
      const [y, dOut] = [bench.normal(1003, 4), bench.normal(1003)];
      bench.device.siluBackward({ x: y, dOut, dX: dOut });
      return { dX, dOut };
    },
  },

  reluSquared: {
    "out apart and in place, at 0 and far from it": (bench) => {
      const x = bench.floats([0, -0.5, 1, -30, 30, -1e10, 1e10, 1e-10]);
      const out = bench.output(x.length);
      bench.device.reluSquared({ x, out });
      const y = bench.normal(1003, 4);
      bench.device.reluSquared({ x: y, out: y });
      return { out, y };
    },
    "NaN stays NaN": (bench) => {
      const x = bench.floats([1, NaN, -1, Infinity, -Infinity]);
      bench.device.reluSquared({ x, out: x });
      return { x };
    },
  },

  reluSquaredBackward: {
    "dX apart and in place of either operand": (bench) => {
      const [x, dOut, dX] = [bench.normal(1003, 4), bench.normal(1003), bench.output(1003)];
      bench.device.reluSquaredBackward({ x, dOut, dX });
      const [y, dY] = [bench.floats([0, -0.5, 1, -30, 30, 1e-10, -3]), bench.normal(7)];
      bench.device.reluSquaredBackward({ x: y, dOut: dY, dX: y });
      bench.device.reluSquaredBackward({ x, dOut, dX: dOut });
      return { dX, y, dOut };
    },
    "NaN stays NaN": (bench) => {
      const [x, dOut] = [bench.floats([1, NaN, -1, -2]), bench.floats([NaN, 1, NaN, 1])];
      bench.device.reluSquaredBackward({ x, dOut, dX: dOut });
      return { dOut };
    },
  },

  swiglu: {
    "gate and up side by side": (bench) => {
      const [rows, columns] = [13, 27];
      const x = bench.normal(rows * 2 * columns, 3);
      const out = bench.output(rows * columns);
      bench.device.swiglu({ gate: x, up: x.sub(columns), out, rows, columns, stride: 2 * columns });
      return { out };
    },
    "gate and up apart": (bench) => {
      const [rows, columns] = [70, 64];
      const [gate, up, out] = [
        bench.normal(rows * columns),
        bench.normal(rows * columns),
        bench.output(rows * columns),
      ];
      bench.device.swiglu({ gate, up, out, rows, columns, stride: columns });
      return { out };
    },
  },

  swigluBackward: {
    "in place, side by side": (bench) => {
      const [rows, columns] = [13, 27];
      const x = bench.normal(rows * 2 * columns, 3);
      const dOut = bench.normal(rows * columns);
      const [gate, up] = [x, x.sub(columns)];
      bench.device.swigluBackward({ gate, up, dOut, dGate: gate, dUp: up, rows, columns, stride: 2 * columns });
      return { x };
    },
    "apart": (bench) => {
      const [rows, columns] = [70, 64];
      const [gate, up, dOut] = [0, 1, 2].map(() => bench.normal(rows * columns));
      const [dGate, dUp] = [bench.output(rows * columns), bench.output(rows * columns)];
      bench.device.swigluBackward({ gate, up, dOut, dGate, dUp, rows, columns, stride: columns });
      return { dGate, dUp };
    },
  },

  softmax: {
    "rows, in place too, with large numbers": (bench) => {
      const [rows, columns] = [9, 77];
      const [x, out] = [bench.normal(rows * columns, 30), bench.output(rows * columns)];
      bench.device.softmax({ x, out, rows, columns });
      const y = bench.floats([1000, 1001, -1000, -Infinity, 0, 5]);
      bench.device.softmax({ x: y, out: y, rows: 2, columns: 3 });
      return { out, y };
    },
    "a row with NaN, or Infinity, is NaN": (bench) => {
      const x = bench.floats([1, NaN, 2, Infinity, 0, 1, 3, 4, 5]);
      bench.device.softmax({ x, out: x, rows: 3, columns: 3 });
      return { x };
    },
  },

  softmaxBackward: {
    "apart and in place": (bench) => {
      const [rows, columns] = [9, 77];
      const [x, dOut, dX] = [bench.normal(rows * columns), bench.normal(rows * columns), bench.output(rows * columns)];
      bench.device.softmax({ x, out: x, rows, columns });
      bench.device.softmaxBackward({ out: x, dOut, dX, rows, columns });
      bench.device.softmaxBackward({ out: x, dOut, dX: dOut, rows, columns });
      return { dX, dOut };
    },
  },

  crossEntropy: {
    ...Object.fromEntries([[1, 2], [7, 53], [40, 1031]].map(([rows, columns]) => [
      `${rows} x ${columns}, gradient over the logits`,
      (bench: Workbench) => {
        const [logits, targets, losses] = [
          bench.normal(rows * columns, 4),
          bench.below(columns, rows),
          bench.output(rows),
        ];
        bench.device.crossEntropy({ logits, targets, losses, dLogits: logits, scale: 1 / rows, rows, columns });
        return { losses, logits };
      },
    ])),
    "large logits, gradient apart": (bench) => {
      const [rows, columns] = [5, 11];
      const [logits, targets] = [bench.normal(rows * columns, 1000), bench.below(columns, rows)];
      const [losses, dLogits] = [bench.output(rows), bench.output(rows * columns)];
      bench.device.crossEntropy({ logits, targets, losses, dLogits, scale: 1, rows, columns });
      return { losses, dLogits };
    },
    "a row with NaN, or Infinity, has a loss of NaN": (bench) => {
      const [rows, columns] = [4, 5];
      const logits = bench.floats([NaN, 1, 2, 3, 4, 1, 2, 3, Infinity, 4, 1, 2, 3, 4, 5, NaN, NaN, NaN, NaN, NaN]);
      const targets = bench.integers([1, 0, 4, 2]);
      const [losses, lossesOnly, dLogits] = [bench.output(rows), bench.output(rows), bench.output(rows * columns)];
      bench.device.crossEntropy({ logits, targets, losses: lossesOnly, scale: 1, rows, columns });
      bench.device.crossEntropy({ logits, targets, losses, dLogits, scale: 1, rows, columns });
      return { losses, lossesOnly, dLogits };
    },
    "losses only, targets out of range": (bench) => {
      const [rows, columns] = [4, 9];
      const [logits, losses] = [bench.normal(rows * columns), bench.output(rows)];
      bench.device.crossEntropy({
        logits,
        targets: bench.integers([8, 9, -1, 0]),
        losses,
        scale: 1,
        rows,
        columns,
      });
      return { logits, losses };
    },
  },

  add: {
    "apart and in place": (bench) => {
      const [a, b, out] = [bench.normal(1001), bench.normal(1001), bench.output(1001)];
      bench.device.add({ a, b, out });
      bench.device.add({ a, b, out: a });
      return { out, a };
    },
  },

  mul: {
    "apart and in place": (bench) => {
      const [a, b, out] = [bench.normal(1001), bench.normal(1001), bench.output(1001)];
      bench.device.mul({ a, b, out });
      bench.device.mul({ a, b, out: b });
      return { out, b };
    },
  },

  scale: {
    "by a number and by device memory": (bench) => {
      const [x, out] = [bench.normal(1001), bench.output(1001)];
      bench.device.scale({ x, out, factor: -2.5 });
      bench.device.scale({ x, out: x, factor: bench.floats([0.125]) });
      return { out, x };
    },
  },

  axpy: {
    "adds a multiple": (bench) => {
      const [x, y] = [bench.normal(1001), bench.normal(1001)];
      bench.device.axpy({ x, y, factor: 0.75 });
      return { y };
    },
  },

  sum: sumCases("sum"),
  sumOfSquares: sumCases("sumOfSquares"),

  clipCoefficient: Object.fromEntries([25, 0, Infinity, NaN].flatMap((square) =>
    [1, 5, 7, Infinity].map((maxNorm) => [
      `a norm of ${Math.sqrt(square)} clipped to ${maxNorm}`,
      (bench: Workbench) => {
        const [norm, coefficient] = [bench.output(1), bench.output(1)];
        bench.device.clipCoefficient({ sumOfSquares: bench.floats([square]), norm, coefficient, maxNorm });
        return { norm, coefficient };
      },
    ])
  )),

  inverseNorm: {
    "of a norm, of a small one and of none": (bench) => {
      const [of5, ofSmall, ofNothing] = [bench.output(1), bench.output(1), bench.output(1)];
      bench.device.inverseNorm({ sumOfSquares: bench.floats([25]), out: of5, epsilon: 1e-7 });
      bench.device.inverseNorm({ sumOfSquares: bench.floats([1e-12]), out: ofSmall, epsilon: 1e-7 });
      bench.device.inverseNorm({ sumOfSquares: bench.floats([0]), out: ofNothing, epsilon: 0.5 });
      return { of5, ofSmall, ofNothing };
    },
  },

  adamwStep: {
    ...Object.fromEntries([false, true].map((scaled) => [
      scaled ? "three steps with scaled gradients" : "three steps",
      (bench: Workbench) => {
        const length = 1003;
        const weights = bench.normal(length);
        const [firstMoments, secondMoments] = [bench.output(length), bench.output(length)];
        bench.device.fill({ x: firstMoments, value: 0 });
        bench.device.fill({ x: secondMoments, value: 0 });
        const gradientScale = scaled ? bench.floats([0.3]) : undefined;
        for (let step = 1; step <= 3; step++) {
          bench.device.adamwStep({
            ...{ weights, gradients: bench.normal(length, 0.1), firstMoments, secondMoments, gradientScale },
            rates: bench.floats([1e-2 * Math.sqrt(1 - 0.95 ** step) / (1 - 0.9 ** step), 1e-3]),
            ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8 },
          });
        }
        return { weights, firstMoments, secondMoments };
      },
    ])),
  },

  sgdStep: {
    "with and without scaled gradients": (bench) => {
      const [weights, gradients, rate] = [bench.normal(1003), bench.normal(1003), bench.floats([0.1])];
      bench.device.sgdStep({ weights, gradients, rate });
      bench.device.sgdStep({ weights, gradients, rate, gradientScale: bench.floats([0.5]) });
      return { weights };
    },
  },

  copy: {
    "floats and integers": (bench) => {
      const [source, destination] = [bench.normal(1003), bench.output(1003)];
      bench.device.copy({ source, destination });
      const [ids, copied] = [bench.below(1 << 30, 77), bench.below(5, 77)];
      bench.device.copy({ source: ids, destination: copied });
      return { destination, copied };
    },
  },

  copyRows: {
    "strided rows of two matrices": (bench) => {
      const [source, destination] = [bench.normal(100), bench.normal(120)];
      bench.device.copyRows({
        ...{ source, destination, batch: 2, rows: 3, columns: 5 },
        ...{
          sourceStride: 9,
          sourceBatchStride: 40,
          destinationStride: 12,
          destinationBatchStride: 60,
          destinationRows: 4,
        },
      });
      return { destination };
    },
    "rows by position, one of them nowhere": (bench) => {
      const [source, destination] = [bench.normal(60), bench.normal(160)];
      bench.device.copyRows({
        ...{ source, destination, positions: bench.integers([7, 0, 8]), batch: 2, rows: 3, columns: 10 },
        ...{
          sourceStride: 10,
          sourceBatchStride: 30,
          destinationStride: 10,
          destinationBatchStride: 80,
          destinationRows: 8,
        },
      });
      return { destination };
    },
  },

  fill: {
    "floats and integers, no more than asked": (bench) => {
      const [x, ids] = [bench.normal(103), bench.below(100, 20)];
      bench.device.fill({ x: x.sub(3, 90), value: 1.5 });
      bench.device.fill({ x: ids.sub(1, 17), value: -7 });
      return { x, ids };
    },
  },
};

function sumCases(operation: "sum" | "sumOfSquares"): Record<string, Case> {
  return Object.fromEntries([1, 7, 1003, 70_001].map((length) => [
    `${length} elements`,
    (bench: Workbench) => {
      const out = bench.output(2);
      bench.device[operation]({ x: bench.normal(length), out: out.sub(0, 1), factor: 0.5 });
      return { out: out.sub(0, 1) };
    },
  ]));
}
