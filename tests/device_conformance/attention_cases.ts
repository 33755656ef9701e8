import type { AttentionShape } from "../../lib/tensor/operations.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import type { Case, Workbench } from "./workbench.ts";

/** Shapes of attention, packed in rows of their own and in wider ones; the forward operation or its backward. */
export function attentionCases(backward: boolean): Record<string, Case> {
  const basic = { batch: 2, queryLength: 9, keyLength: 9, numHeads: 4, numKvHeads: 4, headSize: 8, causal: true };
  const shapes: Record<
    string,
    Omit<AttentionShape, "scale" | "mask"> & { masked?: "each" | "shared"; spread?: number }
  > = {
    "causal": basic,
    "causal, long": { ...basic, batch: 1, queryLength: 150, keyLength: 150, numHeads: 2, numKvHeads: 2, headSize: 16 },
    "causal, heads of 32": { ...basic, queryLength: 67, keyLength: 67, headSize: 32 },
    "causal, heads of 64": {
      ...basic,
      batch: 1,
      queryLength: 70,
      keyLength: 70,
      numHeads: 1,
      numKvHeads: 1,
      headSize: 64,
    },
    "causal, heads of 128": { ...basic, batch: 1, queryLength: 33, keyLength: 33, headSize: 128 },
    "causal, heads of 5": { ...basic, queryLength: 21, keyLength: 21, headSize: 5 },
    "everything seen": { ...basic, causal: false, queryLength: 7, keyLength: 40 },
    "grouped queries": { ...basic, numHeads: 6, numKvHeads: 2, queryLength: 35, keyLength: 35 },
    "causal, grouped, several ragged blocks behind cached keys": {
      ...basic,
      batch: 1,
      queryLength: 110,
      keyLength: 205,
      numHeads: 2,
      numKvHeads: 1,
      headSize: 20,
    },
    // The largest score of a row grows by many powers of two from one tile of keys to the next.
    "causal, large scores, heads of 64 behind cached keys": {
      ...{ ...basic, batch: 1, queryLength: 20, keyLength: 230, numHeads: 2, numKvHeads: 2, headSize: 64, spread: 5 },
    },
    "decoding: one query": { ...basic, queryLength: 1, keyLength: 77, numHeads: 4, numKvHeads: 2, headSize: 32 },
    "decoding: five queries": { ...basic, queryLength: 5, keyLength: 70, headSize: 16 },
    "decoding: one query, heads of 20": { ...basic, queryLength: 1, keyLength: 9, headSize: 20 },
    "one position": { ...basic, queryLength: 1, keyLength: 1 },
    "one query, masked": { ...basic, queryLength: 1, keyLength: 64, headSize: 32, masked: "shared" },
    "one query, masked, some see nothing": {
      ...{ ...basic, batch: 5, causal: false, queryLength: 1, keyLength: 6, headSize: 8, masked: "each" },
    },
    "masked, some queries see nothing": { ...basic, causal: false, queryLength: 9, keyLength: 14, masked: "each" },
    "masked and causal": { ...basic, queryLength: 40, keyLength: 70, masked: "shared" },
  };
  return Object.fromEntries(
    Object.entries(shapes).flatMap(([name, { masked, spread = 1.5, ...sizes }]) =>
      [false, true].map((packed) => [
        `${name}${packed ? ", packed rows" : ""}`,
        (bench: Workbench): Record<string, Slice> => {
          const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize } = sizes;
          const shape = { ...sizes, scale: 1 / Math.sqrt(headSize) };
          const queryWidth = numHeads * headSize + (packed ? 3 : 0);
          const keyWidth = numKvHeads * headSize + (packed ? 6 : 0);
          const queries = (slice: Slice) => ({ slice, rowStride: queryWidth, batchStride: queryLength * queryWidth });
          const keys = (slice: Slice) => ({ slice, rowStride: keyWidth, batchStride: keyLength * keyWidth });
          // Gaps hold normal numbers, which must be the same afterwards.
          const newQueries = () => queries(bench.normal(batch * queryLength * queryWidth, spread));
          const newKeys = () => keys(bench.normal(batch * keyLength * keyWidth, spread));
          const [q, k, v, out] = [newQueries(), newKeys(), newKeys(), newQueries()];
          const logSumExp = bench.output(batch * numHeads * queryLength);
          const maskLength = (masked === "each" ? batch : 1) * queryLength * keyLength;
          // One query in seven sees nothing at all.
          const mask = masked && bench.integers(
            Array.from({ length: maskLength }, (_, i) => {
              const query = Math.floor(i / keyLength);
              return query % 7 === 3 ? 0 : (i * 2654435761) >>> 0 & 64;
            }),
          );
          const args = { ...shape, q, k, v, out, logSumExp, mask: mask || undefined };
          bench.device.attention(args);
          if (!backward) return { out: out.slice, logSumExp };
          const [dOut, dQ, dK, dV] = [newQueries(), newQueries(), newKeys(), newKeys()];
          bench.device.attentionBackward({ ...args, dOut, dQ, dK, dV });
          return { dQ: dQ.slice, dK: dK.slice, dV: dV.slice };
        },
      ])
    ),
  );
}
