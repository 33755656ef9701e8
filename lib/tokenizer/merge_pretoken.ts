import type { MergeTable } from "./merge_table.ts";

/** Up to this many bytes, looking at every pair for the lowest rank is faster than keeping a heap. */
const SHORT = 64;
/** Scratch arrays up to this many elements are kept for the next long pre-token. */
const KEPT_SCRATCH = 1 << 16;
const NEVER = 0x7fffffff;
const POSITION_RANGE = 2 ** 32;

/**
 * Byte-pair encoding of one pre-token (Sennrich et al., 2016; handout section 2.6): starts with its bytes and merges,
 * again and again, the adjacent pair of lowest rank, the leftmost of equals, until no pair merges.
 */
export class PretokenMerger {
  readonly #table: MergeTable;
  readonly #ids = new Int32Array(SHORT);
  /** Of the pair that begins at each position. */
  readonly #ranks = new Int32Array(SHORT);
  readonly #products = new Int32Array(SHORT);
  #scratch = new Scratch(SHORT);

  /**
   * Takes no copy of the table.
   *
   * @param table The merges of the tokenizer.
   */
  constructor(table: MergeTable) {
    this.#table = table;
  }

  /**
   * Encodes the pre-token `bytes[start..end)` and writes its ids into `output` from index `at` on, at most one a byte.
   * The time is of the order of n log n in the number of bytes.
   *
   * @returns How many ids were written.
   */
  merge(bytes: Uint8Array, start: number, end: number, output: Uint32Array, at: number): number {
    return end - start <= SHORT
      ? this.#mergeShort(bytes, start, end, output, at)
      : this.#mergeLong(bytes, start, end, output, at);
  }

  #mergeShort(bytes: Uint8Array, start: number, end: number, output: Uint32Array, at: number): number {
    const ids = this.#ids;
    const ranks = this.#ranks;
    const products = this.#products;
    const byteIds = this.#table.byteIds;
    let count = end - start;
    for (let index = 0; index < count; index++) ids[index] = byteIds[bytes[start + index]];
    for (let index = 0; index + 1 < count; index++) {
      this.#note(index, this.#table.findBytes(bytes[start + index], bytes[start + index + 1]));
    }
    while (count > 1) {
      let best = 0;
      let bestRank = ranks[0];
      for (let index = 1; index < count - 1; index++) {
        if (ranks[index] < bestRank) {
          bestRank = ranks[index];
          best = index;
        }
      }
      if (bestRank === NEVER) break;
      ids[best] = products[best];
      count--;
      for (let index = best + 1; index < count; index++) {
        ids[index] = ids[index + 1];
        ranks[index] = ranks[index + 1];
        products[index] = products[index + 1];
      }
      if (best > 0) this.#lookUp(best - 1);
      if (best + 1 < count) this.#lookUp(best);
    }
    for (let index = 0; index < count; index++) output[at + index] = ids[index];
    return count;
  }

  #lookUp(index: number): void {
    this.#note(index, this.#table.find(this.#ids[index], this.#ids[index + 1]));
  }

  /** Keeps rank and product of the merge of the pair at `index` and `index + 1`. */
  #note(index: number, handle: number): void {
    if (handle < 0) {
      this.#ranks[index] = NEVER;
    } else {
      this.#ranks[index] = this.#table.rank(handle);
      this.#products[index] = this.#table.product(handle);
    }
  }

  // The tokens are a doubly linked list over byte positions; a token stands at the position of its first byte, and -1
  // as an id marks the positions that merges have swallowed. The heap holds rank * 2^32 + position of every pair that
  // merges, and perhaps of pairs that have changed since: an entry counts only if its pair still has that rank.
  #mergeLong(bytes: Uint8Array, start: number, end: number, output: Uint32Array, at: number): number {
    const length = end - start;
    if (this.#scratch.capacity < length) this.#scratch = new Scratch(Math.max(length, 2 * this.#scratch.capacity));
    const { ids, next, previous, heap } = this.#scratch;
    const table = this.#table;
    for (let index = 0; index < length; index++) {
      ids[index] = table.byteIds[bytes[start + index]];
      next[index] = index + 1;
      previous[index] = index - 1;
    }
    let heapLength = 0;
    for (let index = 0; index + 1 < length; index++) {
      const handle = table.findBytes(bytes[start + index], bytes[start + index + 1]);
      if (handle >= 0) heap[heapLength++] = table.rank(handle) * POSITION_RANGE + index;
    }
    for (let index = (heapLength >> 1) - 1; index >= 0; index--) siftDown(heap, heapLength, index);
    while (heapLength > 0) {
      const key = heap[0];
      const rank = Math.floor(key / POSITION_RANGE);
      const position = key - rank * POSITION_RANGE;
      const right = next[position];
      const handle = ids[position] >= 0 && right < length ? table.find(ids[position], ids[right]) : -1;
      if (handle < 0 || table.rank(handle) !== rank) {
        heap[0] = heap[--heapLength];
        siftDown(heap, heapLength, 0);
        continue;
      }
      ids[position] = table.product(handle);
      ids[right] = -1;
      const after = next[right];
      next[position] = after;
      if (after < length) previous[after] = position;
      // The merged entry's place goes to one of the two new pairs, and each merge leaves one token fewer: with that the
      // heap never holds more than two entries for every byte.
      let replaced = false;
      if (after < length) {
        const following = table.find(ids[position], ids[after]);
        if (following >= 0) {
          heap[0] = table.rank(following) * POSITION_RANGE + position;
          replaced = true;
        }
      }
      if (!replaced) heap[0] = heap[--heapLength];
      siftDown(heap, heapLength, 0);
      const before = previous[position];
      if (before >= 0) {
        const preceding = table.find(ids[before], ids[position]);
        if (preceding >= 0) {
          heap[heapLength++] = table.rank(preceding) * POSITION_RANGE + before;
          siftUp(heap, heapLength - 1);
        }
      }
    }
    let count = 0;
    for (let position = 0; position < length; position = next[position]) output[at + count++] = ids[position];
    if (this.#scratch.capacity > KEPT_SCRATCH) this.#scratch = new Scratch(SHORT);
    return count;
  }
}

class Scratch {
  readonly capacity: number;
  readonly ids: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly heap: Float64Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.ids = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.heap = new Float64Array(2 * capacity);
  }
}

function siftDown(heap: Float64Array, length: number, index: number): void {
  const key = heap[index];
  for (;;) {
    let child = 2 * index + 1;
    if (child >= length) break;
    if (child + 1 < length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= key) break;
    heap[index] = heap[child];
    index = child;
  }
  if (index < length) heap[index] = key;
}

function siftUp(heap: Float64Array, index: number): void {
  const key = heap[index];
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (heap[parent] <= key) break;
    heap[index] = heap[parent];
    index = parent;
  }
  heap[index] = key;
}
