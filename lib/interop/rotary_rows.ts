/*
 * The rotary embedding turns pairs of a head's elements. Ours are neighbours, (2i, 2i + 1); transformers pairs the
 * first half with the second, (i, i + headSize / 2). The angles are the same, so the two differ by the order of the
 * rows of q_proj and k_proj within each head. Attention compares queries with keys of the same order: it stays.
 */

/**
 * Rows in halves, as transformers has them, as interleaved pairs.
 *
 * @param weights [heads * headSize, columns] of a query or key projection.
 * @param heads Heads in it; headSize is even.
 * @returns A copy in the other order.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rows = new Float32Array([0, 1, 2, 3, 4, 5]);
 * assertEquals(pairsFromHalves(rows, 1, 1), new Float32Array([0, 3, 1, 4, 2, 5]));
 * assertEquals(halvesFromPairs(pairsFromHalves(rows, 1, 1), 1, 1), rows);
 * ```
 */
export function pairsFromHalves(weights: Float32Array, heads: number, columns: number): Float32Array<ArrayBuffer> {
  return reorderRows(weights, heads, columns, (row, half) => (row >> 1) + (row % 2) * half);
}

/** The inverse of {@linkcode pairsFromHalves}. */
export function halvesFromPairs(weights: Float32Array, heads: number, columns: number): Float32Array<ArrayBuffer> {
  return reorderRows(weights, heads, columns, (row, half) => row < half ? 2 * row : 2 * (row - half) + 1);
}

function reorderRows(
  weights: Float32Array,
  heads: number,
  columns: number,
  sourceOf: (row: number, half: number) => number,
): Float32Array<ArrayBuffer> {
  const headSize = weights.length / heads / columns;
  const reordered = new Float32Array(weights.length);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headSize; row++) {
      const source = (head * headSize + sourceOf(row, headSize / 2)) * columns;
      reordered.set(weights.subarray(source, source + columns), (head * headSize + row) * columns);
    }
  }
  return reordered;
}
