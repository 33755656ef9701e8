import type { Arena } from "../../lib/tensor/arena.ts";
import type { Device } from "../../lib/tensor/device.ts";
import type { AttentionBackwardArguments } from "../../lib/tensor/operations.ts";
import type { Slice } from "../../lib/tensor/slice.ts";

// Added to the score of a key that a query does not see: its exponential is 0 beside any other.
const UNSEEN = -1e30;

/**
 * Attention and its gradients by batched matrix products and a softmax, with the scores in memory: slow and large, but
 * from other kernels than the fused ones, which are checked against it. Takes what `Device.attentionBackward` takes,
 * except for a mask and `logSumExp`, and overwrites `out` as well as `dQ`, `dK` and `dV`.
 *
 * @param arena Where the scores go: twice group x T x S elements, group = numHeads / numKvHeads, and the positions
 * unseen.
 */
export function attentionByProducts(
  device: Device,
  arena: Arena,
  args: Omit<AttentionBackwardArguments, "logSumExp" | "mask">,
): void {
  const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize, causal, scale } = args;
  const { dtype } = args.q.slice;
  const group = numHeads / numKvHeads;
  const rows = group * queryLength;
  const [weights, slopes] = [0, 1].map(() => arena.alloc(rows * keyLength, dtype));
  const unseen = arena.alloc(rows * keyLength, dtype);
  device.upload(
    unseen,
    Float32Array.from({ length: unseen.length }, (_, i) => {
      const [query, key] = [Math.floor(i / keyLength) % queryLength, i % keyLength];
      return causal && key > query + keyLength - queryLength ? UNSEEN : 0;
    }),
  );
  const tokens = { m: queryLength, n: keyLength, k: headSize };
  // [group, T, S], one matrix for each query head of the group.
  const scores = { strideC: keyLength, batchStrideC: queryLength * keyLength, batch: group };
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
      const at = (operand: { slice: Slice; batchStride: number }, head: number) =>
        operand.slice.sub(sequence * operand.batchStride + head * headSize);
      const head = kvHead * group;
      const { q, k, v, out, dOut, dQ, dK, dV } = args;

      device.matmul({
        ...{ ...tokens, ...scores, a: at(q, head), b: at(k, kvHead), c: weights, transposeB: true, alpha: scale },
        ...{ strideA: q.rowStride, batchStrideA: headSize, strideB: k.rowStride, batchStrideB: 0 },
      });
      device.add({ a: weights, b: unseen, out: weights });
      device.softmax({ x: weights, out: weights, rows, columns: keyLength });
      device.matmul({
        ...{ ...tokens, ...scores, a: at(dOut, head), b: at(v, kvHead), c: slopes, transposeB: true },
        ...{ strideA: dOut.rowStride, batchStrideA: headSize, strideB: v.rowStride, batchStrideB: 0 },
      });
      device.softmaxBackward({ out: weights, dOut: slopes, dX: slopes, rows, columns: keyLength });

      // The heads of a group share a key and a value head: their gradients are added up, one after another.
      for (let i = 0; i < group; i++) {
        const ofHead = (slice: Slice) => slice.sub(i * queryLength * keyLength, queryLength * keyLength);
        const [weight, slope] = [ofHead(weights), ofHead(slopes)];
        const toQueries = { m: queryLength, n: headSize, k: keyLength, strideA: keyLength };
        const toKeys = { m: keyLength, n: headSize, k: queryLength, strideA: keyLength, transposeA: true };
        const beta = i === 0 ? 0 : 1;
        device.matmul({
          ...{ ...toQueries, a: weight, b: at(v, kvHead), c: at(out, head + i) },
          ...{ strideB: v.rowStride, strideC: out.rowStride },
        });
        device.matmul({
          ...{ ...toQueries, a: slope, b: at(k, kvHead), c: at(dQ, head + i), alpha: scale },
          ...{ strideB: k.rowStride, strideC: dQ.rowStride },
        });
        device.matmul({
          ...{ ...toKeys, a: weight, b: at(dOut, head + i), c: at(dV, kvHead), beta },
          ...{ strideB: dOut.rowStride, strideC: dV.rowStride },
        });
        device.matmul({
          ...{ ...toKeys, a: slope, b: at(q, head + i), c: at(dK, kvHead), beta, alpha: scale },
          ...{ strideB: q.rowStride, strideC: dK.rowStride },
        });
      }
    }
  }
}
