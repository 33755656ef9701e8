import type { PairIndex } from "./pair_index.ts";

/** Whether the bytes of one symbol come before (negative), equal (0) or after (positive) those of another. */
export type CompareSymbols = (a: number, b: number) => number;

/**
 * Finds the pair to merge next: the one with the largest count, and of those the one whose byte strings are
 * lexicographically greater, left before right. A binary heap in which every pair stands at most once with the count
 * that it had when it was put there. Counts only fall after a pair was added, so an outdated entry stands too high,
 * never too low: it is put back with its count of now when it comes to the top.
 */
export class PairHeap {
  readonly #pairs: PairIndex;
  readonly #compare: CompareSymbols;
  #heap = new Int32Array(1 << 16);
  #keys = new Float64Array(1 << 16);
  #size = 0;

  /**
   * Starts empty.
   *
   * @param pairs Where counts and symbols of the pairs stand.
   * @param compare The order of symbols by their bytes.
   */
  constructor(pairs: PairIndex, compare: CompareSymbols) {
    this.#pairs = pairs;
    this.#compare = compare;
  }

  /** Puts a pair into the heap with its count of now. */
  push(pair: number): void {
    if (this.#size === this.#heap.length) {
      const heap = new Int32Array(2 * this.#size);
      heap.set(this.#heap);
      this.#heap = heap;
      const keys = new Float64Array(2 * this.#size);
      keys.set(this.#keys);
      this.#keys = keys;
    }
    this.#rise(this.#size++, pair, this.#pairs.count[pair]);
  }

  /** Takes out the pair to merge next; -1 when none is left that occurs. */
  pop(): number {
    while (this.#size > 0) {
      const pair = this.#heap[0];
      const count = this.#pairs.count[pair];
      if (count === this.#keys[0]) {
        this.#removeTop();
        return pair;
      }
      if (count > 0) this.#sink(pair, count);
      else this.#removeTop();
    }
    return -1;
  }

  #removeTop(): void {
    const last = --this.#size;
    if (last > 0) this.#sink(this.#heap[last], this.#keys[last]);
  }

  /** Puts an entry where it belongs between `index`, which is free, and the top. */
  #rise(index: number, pair: number, key: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(pair, key, this.#heap[parent], this.#keys[parent])) break;
      this.#heap[index] = this.#heap[parent];
      this.#keys[index] = this.#keys[parent];
      index = parent;
    }
    this.#heap[index] = pair;
    this.#keys[index] = key;
  }

  /** Replaces the top by an entry and moves it down to where it belongs. */
  #sink(pair: number, key: number): void {
    const heap = this.#heap;
    const keys = this.#keys;
    const size = this.#size;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isBefore(heap[child + 1], keys[child + 1], heap[child], keys[child])) child++;
      if (!this.#isBefore(heap[child], keys[child], pair, key)) break;
      heap[index] = heap[child];
      keys[index] = keys[child];
      index = child;
    }
    heap[index] = pair;
    keys[index] = key;
  }

  #isBefore(a: number, aKey: number, b: number, bKey: number): boolean {
    if (aKey !== bKey) return aKey > bKey;
    const { left, right } = this.#pairs;
    const order = this.#compare(left[a], left[b]);
    return order !== 0 ? order > 0 : this.#compare(right[a], right[b]) > 0;
  }
}
