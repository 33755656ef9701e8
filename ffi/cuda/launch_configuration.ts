/** How many blocks of how many threads run a kernel. */
export interface LaunchConfiguration {
  /** Blocks along x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Threads of a block, along x. */
  readonly block: number;
  /** Dynamic shared memory of a block in bytes. */
  readonly sharedBytes: number;
}

/** Bytes of shared memory that a reduction over a block uses. */
export const REDUCTION_BYTES = 256;

/** A thread per item: a packet of elements, a pair, a copied unit. */
export function threadPerItem(items: number): LaunchConfiguration {
  return { grid: [Math.ceil(items / 256), 1, 1], block: 256, sharedBytes: 0 };
}

/** A warp per row, four rows to a block. */
export function warpPerRow(rows: number): LaunchConfiguration {
  return { grid: [Math.ceil(rows / 4), 1, 1], block: 128, sharedBytes: 0 };
}

/** A block per row that it reduces; 8 columns and more to a thread, whole warps. */
export function blockPerRow(rows: number, columns: number): LaunchConfiguration {
  const warps = Math.min(32, Math.max(1, Math.ceil(columns / 256)));
  return { grid: [rows, 1, 1], block: 32 * warps, sharedBytes: REDUCTION_BYTES };
}

/** A thread per column, for each of a number of rows or parts. */
export function threadPerColumn(columns: number, parts: number): LaunchConfiguration {
  return { grid: [Math.ceil(columns / 128), parts, 1], block: 128, sharedBytes: 0 };
}

/** One block that reduces. */
export function oneBlock(block: number, sharedBytes: number): LaunchConfiguration {
  return { grid: [1, 1, 1], block, sharedBytes };
}

/** A block per tile of rows, for every head and sequence. */
export function attentionTiles(
  rows: number,
  tile: number,
  heads: number,
  batch: number,
  sharedBytes: number,
): LaunchConfiguration {
  return { grid: [Math.ceil(rows / tile), heads, batch], block: 128, sharedBytes };
}

// What attention_decode.cu calls DECODE_WARPS.
const DECODE_WARPS = 16;

/** A block per head and sequence, for a single query: each warp leaves a softmax's state and a sum over its keys. */
export function decodedHeads(heads: number, batch: number, headSize: number): LaunchConfiguration {
  return { grid: [heads, batch, 1], block: 32 * DECODE_WARPS, sharedBytes: DECODE_WARPS * (8 + 4 * headSize) };
}

// What matmul.cu calls TILE and DEPTH.
const PRODUCT_TILE = 64;
const PRODUCT_DEPTH = 16;

/** A block per tile of a product, for every matrix of the batch. */
export function productTiles(m: number, n: number, batch: number): LaunchConfiguration {
  return {
    grid: [Math.ceil(n / PRODUCT_TILE), Math.ceil(m / PRODUCT_TILE), batch],
    block: 256,
    sharedBytes: 2 * PRODUCT_DEPTH * (PRODUCT_TILE + 1) * 4,
  };
}

// What sample.cu calls SAMPLE_THREADS, and the words behind its sums.
const SAMPLE_THREADS = 1024;
const SAMPLE_WORDS = 4;

/** A block per row from which a column is chosen. */
export function sampledRows(rows: number): LaunchConfiguration {
  return { grid: [rows, 1, 1], block: SAMPLE_THREADS, sharedBytes: 8 * (SAMPLE_THREADS + SAMPLE_WORDS) };
}
