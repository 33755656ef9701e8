/** How many blocks of how many threads run a kernel. */
export interface LaunchConfiguration {
  /** Blocks along x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Threads of a block, along x. */
  readonly block: number;
  /** Dynamic shared memory of a block in bytes. */
  readonly sharedBytes: number;
}

/** What a thread reads or writes at once where addresses are multiples of it: a packet, in the kernels' words. */
export const PACKET_BYTES = 16;

/** What every kernel may have of a block's dynamic shared memory without asking for it. */
export const SHARED_BYTES_UNASKED = 48 << 10;

// Bytes of shared memory that a reduction over a block uses.
const REDUCTION_BYTES = 256;

/** A thread per item: a packet of elements, or one element. */
export function threadPerItem(items: number): LaunchConfiguration {
  return { grid: [Math.ceil(items / 256), 1, 1], block: 256, sharedBytes: 0 };
}

/** A warp per row, four rows to a block. */
export function warpPerRow(rows: number): LaunchConfiguration {
  return { grid: [Math.ceil(rows / 4), 1, 1], block: 128, sharedBytes: 0 };
}

// A block per multiprocessor and more; whatever the GPU, or the order of sums would depend on it.
const LARGEST_ROW_PARTS = 512;

/**
 * For sums over rows beside what each row gives: a block per part of the rows, a warp per row, and a sum of every
 * column in shared memory for each warp; then a warp per 32 columns' share of the parts.
 */
export function summedRows(rows: number, columns: number): {
  rows: LaunchConfiguration;
  total: LaunchConfiguration;
} {
  const warps = Math.max(1, Math.min(8, Math.floor(SHARED_BYTES_UNASKED / (4 * columns))));
  const parts = Math.min(LARGEST_ROW_PARTS, Math.ceil(rows / warps));
  return {
    rows: { grid: [parts, 1, 1], block: 32 * warps, sharedBytes: 4 * warps * columns },
    total: { grid: [Math.ceil(columns / 32), 1, 1], block: 1024, sharedBytes: 4 * 1024 },
  };
}

/** A block per row that it reduces; 8 columns and more to a thread, whole warps. */
export function blockPerRow(rows: number, columns: number): LaunchConfiguration {
  const warps = Math.min(32, Math.max(1, Math.ceil(columns / 256)));
  return { grid: [rows, 1, 1], block: 32 * warps, sharedBytes: REDUCTION_BYTES };
}

/**
 * A thread per item (a packet of elements, a pair, a copied unit) of each row, a block to a row or to an equal piece of
 * it: from one number for all items, threads would have to find row and column by division, which takes longer than the
 * rest.
 */
export function threadPerItemOfRow(rows: number, items: number): LaunchConfiguration {
  const pieces = Math.ceil(items / 256);
  return { grid: [rows, pieces, 1], block: wholeWarps(Math.ceil(items / pieces)), sharedBytes: 0 };
}

function wholeWarps(threads: number): number {
  return 32 * Math.ceil(threads / 32);
}

/** One thread. */
export const oneThread: LaunchConfiguration = { grid: [1, 1, 1], block: 1, sharedBytes: 0 };

/** Blocks that each sum a share; at most so many, whatever the GPU, or the order of sums would depend on it. */
export const LARGEST_SHARES = 1024;

/** A block per share of a sum over packets, and one block that sums the shares. */
export function sumShares(packets: number): { shares: LaunchConfiguration; total: LaunchConfiguration } {
  const blocks = Math.min(LARGEST_SHARES, Math.ceil(packets / 256));
  const reducing = { block: 256, sharedBytes: REDUCTION_BYTES };
  return { shares: { grid: [blocks, 1, 1], ...reducing }, total: { grid: [1, 1, 1], ...reducing } };
}

// What embedding.cu calls SORT_CHUNK and DIGITS.
const SORT_CHUNK = 256;
const SORT_DIGITS = 256;

/** How ids are sorted: a block per chunk of rows that counts and moves, one block that turns counts into places. */
export function sortChunks(rows: number): {
  count: LaunchConfiguration;
  places: LaunchConfiguration;
  move: LaunchConfiguration;
  /** Counts that the chunks make. */
  counts: number;
} {
  const chunks = Math.ceil(rows / SORT_CHUNK);
  return {
    count: { grid: [chunks, 1, 1], block: 256, sharedBytes: 4 * SORT_DIGITS },
    places: { grid: [1, 1, 1], block: 1024, sharedBytes: REDUCTION_BYTES },
    move: { grid: [chunks, 1, 1], block: 256, sharedBytes: 2 * SORT_CHUNK },
    counts: SORT_DIGITS * chunks,
  };
}

/** Sizes of an attention. */
export interface AttentionSizes {
  /** Sequences. */
  readonly batch: number;
  /** T. */
  readonly queryLength: number;
  /** S. */
  readonly keyLength: number;
  /** Query heads. */
  readonly numHeads: number;
  /** Key and value heads. */
  readonly numKvHeads: number;
  /** Elements of a head. */
  readonly headSize: number;
}

/**
 * How often 16 rows a warp of the tensor-core kernels takes (their ATTENTION_WARP_TILES). Twice halves what is read
 * from shared memory, and takes more of it: compute capabilities 8.6, 8.9 and 12 have only 100 KB of it in a
 * multiprocessor.
 */
export function attentionWarpTiles(architecture: number): 1 | 2 {
  return [86, 89].includes(architecture) || architecture >= 120 ? 1 : 2;
}

// What attention_plain.cu calls PLAIN_TILE, attention_tensor_core.cu FORWARD_COLUMNS and BACKWARD_COLUMNS.
const PLAIN_TILE = 32;
const TENSOR_FORWARD_COLUMNS = 64;
const TENSOR_BACKWARD_COLUMNS = 32;

/** Kernels of attention; those for tensor cores as an architecture has them. */
export type AttentionKernels = { kind: "plain" } | { kind: "tensor_core"; architecture: number };

/** A block per tile of queries, for every head and sequence. */
export function attentionTiles(kernels: AttentionKernels, sizes: AttentionSizes): LaunchConfiguration {
  const { batch, queryLength, numHeads, headSize } = sizes;
  if (kernels.kind === "plain") {
    return tiles(queryLength, PLAIN_TILE, numHeads, batch, 4 * PLAIN_TILE * (3 * headSize + 1 + PLAIN_TILE));
  }
  const rows = 64 * (headSize === 64 ? attentionWarpTiles(kernels.architecture) : 1);
  return tiles(queryLength, rows, numHeads, batch, tensorTileBytes(rows + 2 * TENSOR_FORWARD_COLUMNS, headSize));
}

/** For the gradients: a block per tile of keys, and a block per tile of queries. */
export function attentionBackwardTiles(
  kernels: AttentionKernels,
  { batch, queryLength, keyLength, numHeads, numKvHeads, headSize }: AttentionSizes,
): { keys: LaunchConfiguration; queries: LaunchConfiguration } {
  let rows, keysBytes, queriesBytes;
  if (kernels.kind === "tensor_core") {
    rows = 64 * (headSize <= 64 ? attentionWarpTiles(kernels.architecture) : 1);
    // Two operands of the block's rows, and two of the columns, each twice: for this round and the next.
    queriesBytes = tensorTileBytes(2 * rows + 4 * TENSOR_BACKWARD_COLUMNS, headSize);
    keysBytes = queriesBytes + 4 * 4 * TENSOR_BACKWARD_COLUMNS;
  } else {
    rows = PLAIN_TILE;
    queriesBytes = 4 * PLAIN_TILE * (4 * headSize + 2 + PLAIN_TILE);
    keysBytes = queriesBytes + 4 * PLAIN_TILE * PLAIN_TILE;
  }
  return {
    keys: tiles(keyLength, rows, numKvHeads, batch, keysBytes),
    queries: tiles(queryLength, rows, numHeads, batch, queriesBytes),
  };
}

function tiles(rows: number, tile: number, heads: number, batch: number, sharedBytes: number): LaunchConfiguration {
  return { grid: [Math.ceil(rows / tile), heads, batch], block: 128, sharedBytes };
}

// Rows of bfloat16, each 16 bytes longer than a head.
function tensorTileBytes(rows: number, headSize: number): number {
  return 2 * rows * (headSize + 8);
}

/** So many lanes of a warp for each query of every head and sequence. */
export function lanesPerQuery(lanes: number, { batch, queryLength, numHeads }: AttentionSizes): LaunchConfiguration {
  const block = 256;
  return { grid: [Math.ceil(queryLength * lanes / block), numHeads, batch], block, sharedBytes: 0 };
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

// What sample.cu calls SAMPLE_THREADS, SAMPLE_DIGITS and SAMPLE_COPIES, and its SampleMemory.
const SAMPLE_THREADS = 1024;
const SAMPLE_COUNTS = 256 * 8;
const SAMPLE_BYTES = 8 * (SAMPLE_THREADS / 32 + 3) + 2 * 4 * SAMPLE_COUNTS;

/** A block per row from which a column is chosen. */
export function sampledRows(rows: number): LaunchConfiguration {
  return { grid: [rows, 1, 1], block: SAMPLE_THREADS, sharedBytes: SAMPLE_BYTES };
}
