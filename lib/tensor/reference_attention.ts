import type { AttentionArguments, AttentionBackwardArguments, AttentionOperand } from "./operations.ts";
import type { Slice } from "./slice.ts";

/** The numbers of a slice, in place. */
export type View = (slice: Slice) => Float64Array;

/** `Operations.attention` as its definition reads, one query of one head at a time. */
export function referenceAttention(view: View, args: AttentionArguments): void {
  const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize } = args;
  const [q, k, v, out] = [args.q, args.k, args.v, args.out].map((operand) => rowsOf(view, operand, headSize));
  const logSumExp = view(args.logSumExp);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < numHeads; h++) {
      const kvHead = Math.floor(h * numKvHeads / numHeads);
      for (let i = 0; i < queryLength; i++) {
        const query = q(b, i, h);
        const scores = new Float64Array(keyLength);
        for (let j = 0; j < keyLength; j++) {
          scores[j] = sees(view, args, b, i, j) ? args.scale * dot(query, k(b, j, kvHead)) : -Infinity;
        }
        const largest = scores.reduce((a, c) => Math.max(a, c), -Infinity);
        const total = largest === -Infinity ? 0 : scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
        const result = out(b, i, h);
        result.fill(0);
        for (let j = 0; j < keyLength; j++) {
          if (scores[j] === -Infinity) continue;
          const probability = Math.exp(scores[j] - largest) / total;
          const value = v(b, j, kvHead);
          for (let e = 0; e < headSize; e++) result[e] += probability * value[e];
        }
        logSumExp[(b * numHeads + h) * queryLength + i] = largest + Math.log(total);
      }
    }
  }
}

/** `Operations.attentionBackward`, from the probabilities that `logSumExp` gives back. */
export function referenceAttentionBackward(view: View, args: AttentionBackwardArguments): void {
  const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize, scale } = args;
  const operands = [args.q, args.k, args.v, args.out, args.dOut, args.dQ, args.dK, args.dV];
  const [q, k, v, out, dOut, dQ, dK, dV] = operands.map((operand) => rowsOf(view, operand, headSize));
  const logSumExp = view(args.logSumExp);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < queryLength; i++) for (let h = 0; h < numHeads; h++) dQ(b, i, h).fill(0);
    for (let j = 0; j < keyLength; j++) {
      for (let h = 0; h < numKvHeads; h++) {
        dK(b, j, h).fill(0);
        dV(b, j, h).fill(0);
      }
    }
    for (let h = 0; h < numHeads; h++) {
      const kvHead = Math.floor(h * numKvHeads / numHeads);
      for (let i = 0; i < queryLength; i++) {
        const [query, gradient, dQuery] = [q(b, i, h), dOut(b, i, h), dQ(b, i, h)];
        const weighted = dot(gradient, out(b, i, h));
        for (let j = 0; j < keyLength; j++) {
          if (!sees(view, args, b, i, j)) continue;
          const [key, value, dKey, dValue] = [k(b, j, kvHead), v(b, j, kvHead), dK(b, j, kvHead), dV(b, j, kvHead)];
          const probability = Math.exp(scale * dot(query, key) - logSumExp[(b * numHeads + h) * queryLength + i]);
          const dScore = scale * probability * (dot(gradient, value) - weighted);
          for (let e = 0; e < headSize; e++) {
            dValue[e] += probability * gradient[e];
            dQuery[e] += dScore * key[e];
            dKey[e] += dScore * query[e];
          }
        }
      }
    }
  }
}

function sees(view: View, args: AttentionArguments, b: number, i: number, j: number): boolean {
  const { queryLength, keyLength, causal, mask } = args;
  if (causal && j > i + keyLength - queryLength) return false;
  if (mask === undefined) return true;
  const shared = mask.length === queryLength * keyLength;
  return view(mask)[((shared ? 0 : b * queryLength) + i) * keyLength + j] !== 0;
}

function rowsOf(view: View, { slice, rowStride, batchStride }: AttentionOperand, headSize: number) {
  const values = view(slice);
  return (b: number, t: number, h: number): Float64Array => {
    const start = b * batchStride + t * rowStride + h * headSize;
    return values.subarray(start, start + headSize);
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
