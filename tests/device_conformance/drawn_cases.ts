import type { AttentionOperand } from "../../lib/tensor/operations.ts";
import type { Random } from "../../lib/tensor/random.ts";
import type { Case, Workbench } from "./workbench.ts";

/** One case each of the operations with sizes, strides and flags of their own, all drawn. */
export function drawnCases(random: Random): Record<string, Case> {
  const flag = () => random.below(2) === 1;
  const upTo = (most: number) => 1 + random.below(flag() ? most : Math.min(most, 10));
  const gap = () => flag() ? 0 : 1 + random.below(7);
  const described = (
    name: string,
    sizes: object,
    run: Case,
  ): [string, Case] => [`${name} ${JSON.stringify(sizes)}`, run];

  const matmul = () => {
    const [m, n, k, batch, transposeA, transposeB] = [upTo(60), upTo(60), upTo(60), upTo(3), flag(), flag()];
    const [rowsA, strideA] = transposeA ? [k, m + gap()] : [m, k + gap()];
    const [rowsB, strideB] = transposeB ? [n, k + gap()] : [k, n + gap()];
    const strideC = n + gap();
    const [batchStrideA, batchStrideB, batchStrideC] = [rowsA * strideA, flag() ? 0 : rowsB * strideB, m * strideC];
    const sizes = { m, n, k, batch, transposeA, transposeB, strideA, strideB, strideC };
    const args = {
      ...sizes,
      batchStrideA,
      batchStrideB,
      batchStrideC,
      alpha: flag() ? 1 : -0.5,
      beta: random.below(3),
    };
    return described("matmul", args, (bench) => {
      const [a, b] = [bench.normal(batch * batchStrideA), bench.normal(batch * rowsB * strideB)];
      const c = bench.normal(batch * batchStrideC);
      bench.device.matmul({ ...args, a, b, c });
      return { c };
    });
  };

  const attention = () => {
    const [batch, numKvHeads, causal, masked] = [upTo(2), upTo(3), flag(), flag()];
    const [numHeads, headSize] = [numKvHeads * upTo(3), upTo(40)];
    const queryLength = random.below(4) === 0 ? 1 : upTo(120);
    const keyLength = causal ? queryLength + random.below(30) : upTo(120);
    const shape = { batch, queryLength, keyLength, numHeads, numKvHeads, headSize, causal };
    const [queryStride, keyStride] = [numHeads * headSize + gap(), numKvHeads * headSize + gap()];
    return described("attention", { ...shape, masked, queryStride, keyStride }, (bench) => {
      const operand = (length: number, rowStride: number) => (): AttentionOperand => ({
        slice: bench.normal(batch * length * rowStride),
        ...{ rowStride, batchStride: length * rowStride },
      });
      const [queries, keys] = [operand(queryLength, queryStride), operand(keyLength, keyStride)];
      const [q, k, v, out] = [queries(), keys(), keys(), queries()];
      const logSumExp = bench.output(batch * numHeads * queryLength);
      const mask = masked ? bench.below(2, queryLength * keyLength) : undefined;
      const args = { ...shape, scale: 1 / Math.sqrt(headSize), q, k, v, out, logSumExp, mask };
      bench.device.attention(args);
      const [dOut, dQ, dK, dV] = [queries(), queries(), keys(), keys()];
      bench.device.attentionBackward({ ...args, dOut, dQ, dK, dV });
      return { out: out.slice, logSumExp, dQ: dQ.slice, dK: dK.slice, dV: dV.slice };
    });
  };

  const norm = () => {
    // Of a single column the gradient is a difference of what is nearly equal.
    const [rows, columns, accumulateX, accumulateWeight] = [upTo(90), 1 + upTo(90), flag(), flag()];
    const sizes = { rows, columns, accumulateX, accumulateWeight };
    return described("rmsNorm", sizes, (bench) => {
      const matrix = () => bench.normal(rows * columns);
      const [x, out, dOut, dX, weight] = [matrix(), matrix(), matrix(), matrix(), bench.normal(columns)];
      const [inverseRms, dWeight] = [bench.output(rows), bench.normal(columns)];
      bench.device.rmsNorm({ x, weight, out, inverseRms, rows, columns, epsilon: 1e-5 });
      bench.device.rmsNormBackward({ ...sizes, x, weight, inverseRms, dOut, dX, dWeight });
      return { out, inverseRms, dX, dWeight };
    });
  };

  const rope = () => {
    const [numPositions, heads, headSize, tableRows, inverse] = [upTo(20), upTo(5), 2 * upTo(20), upTo(30), flag()];
    const [rows, width] = [numPositions * upTo(3), heads * headSize];
    const [strideX, strideOut] = [width + gap(), width + gap()];
    const sizes = { rows, numPositions, heads, headSize, tableRows, strideX, strideOut, inverse };
    return described("rope", sizes, (bench) => {
      const [x, out] = [bench.normal(rows * strideX), bench.normal(rows * strideOut)];
      const [cos, sin] = [bench.normal(tableRows * headSize / 2), bench.normal(tableRows * headSize / 2)];
      bench.device.rope({ ...sizes, x, out, positions: bench.below(tableRows, numPositions), cos, sin });
      return { out };
    });
  };

  const swiglu = () => {
    const [rows, columns] = [upTo(60), upTo(60)];
    const stride = columns + gap();
    return described("swiglu", { rows, columns, stride }, (bench) => {
      const strided = () => bench.normal(rows * stride, 3);
      const [gate, up, dGate, dUp] = [strided(), strided(), strided(), strided()];
      const [out, dOut] = [bench.output(rows * columns), bench.normal(rows * columns)];
      bench.device.swiglu({ gate, up, out, rows, columns, stride });
      bench.device.swigluBackward({ gate, up, dOut, dGate, dUp, rows, columns, stride });
      return { out, dGate, dUp };
    });
  };

  const rowsOfLogits = () => {
    const [rows, columns] = [upTo(60), upTo(90)];
    return described("softmax and crossEntropy", { rows, columns }, (bench) => {
      const [logits, out, dLogits] = [bench.normal(rows * columns, 3), ...outputs(bench, 2, rows * columns)];
      const losses = bench.output(rows);
      bench.device.softmax({ x: logits, out, rows, columns });
      bench.device.crossEntropy({
        logits,
        targets: bench.below(columns, rows),
        losses,
        dLogits,
        scale: 1,
        rows,
        columns,
      });
      return { out, losses, dLogits };
    });
  };

  const tables = () => {
    const [rows, columns, vocabSize, accumulate] = [upTo(90), upTo(60), upTo(40), flag()];
    return described("embedding", { rows, columns, vocabSize, accumulate }, (bench) => {
      const [ids, table] = [bench.below(vocabSize + 1, rows), bench.normal(vocabSize * columns)];
      const [out, dTable] = [bench.output(rows * columns), bench.normal(vocabSize * columns)];
      bench.device.embedding({ ids, table, out, rows, columns, vocabSize });
      const dOut = bench.normal(rows * columns);
      bench.device.embeddingBackward({ ids, dOut, dTable, rows, columns, vocabSize, accumulate });
      return { out, dTable };
    });
  };

  const optimizers = () => {
    const length = upTo(300);
    return described("elementwise", { length }, (bench) => {
      const [x, y, weights, firstMoments] = Array.from({ length: 4 }, () => bench.normal(length));
      const [secondMoments, silu, relu] = outputs(bench, 3, length);
      bench.device.mul({ a: x, b: x, out: secondMoments });
      bench.device.silu({ x, out: silu });
      bench.device.reluSquaredBackward({ x, dOut: y, dX: relu });
      bench.device.axpy({ x, y, factor: 0.5 });
      const rates = bench.floats([0.1, 0.01]);
      const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, rates };
      bench.device.adamwStep({ weights, gradients: x, firstMoments, secondMoments, ...settings });
      return { y, silu, relu, weights, firstMoments, secondMoments };
    });
  };

  const all = [matmul, attention, norm, rope, swiglu, rowsOfLogits, tables, optimizers];
  return Object.fromEntries(all.map((draw) => draw()));
}

function outputs(bench: Workbench, count: number, length: number) {
  return Array.from({ length: count }, () => bench.output(length));
}
