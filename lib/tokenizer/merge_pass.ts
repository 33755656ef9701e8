import type { PairIndex } from "./pair_index.ts";
import { type TrainingWords, WORD_BORDER } from "./training_words.ts";

const NONE = -1;
const FIRST_OCCURRENCES = 1 << 12;

/**
 * Replaces every occurrence of a pair by one new symbol and brings the index of pairs up to date.
 *
 * Symbols keep their byte positions: one of L bytes stands at the first of its L positions, and, if L > 1, as its
 * bitwise complement at the last, so the neighbours on both sides follow from L without links. No other position holds
 * a number that could be taken for a symbol. A merge touches its occurrences and their neighbours, nothing else.
 *
 * All pairs that a merge creates hold the new symbol, so what it changes adds up by neighbour in plain columns, and the
 * index is asked once for each distinct neighbour, not for each occurrence.
 */
export class MergePass {
  readonly #words: TrainingWords;
  readonly #pairs: PairIndex;
  readonly #lengths: Int32Array;

  // Of the merge under way, one entry an occurrence: where the new symbol stands and its neighbours; NONE at a border.
  #position = new Int32Array(FIRST_OCCURRENCES);
  #left = new Int32Array(FIRST_OCCURRENCES);
  #right = new Int32Array(FIRST_OCCURRENCES);

  readonly #onLeft: NeighbourSums;
  readonly #onRight: NeighbourSums;

  /**
   * Prepares the merging of one corpus.
   *
   * @param words The symbols, all of them bytes so far.
   * @param pairs The pairs of neighbouring bytes in `words`.
   * @param lengths Length in bytes by symbol.
   */
  constructor(words: TrainingWords, pairs: PairIndex, lengths: Int32Array) {
    this.#words = words;
    this.#pairs = pairs;
    this.#lengths = lengths;
    this.#onLeft = new NeighbourSums(lengths.length);
    this.#onRight = new NeighbourSums(lengths.length);
  }

  /**
   * Merges a pair.
   *
   * @param pair Its number in the index.
   * @param merged The new symbol.
   * @param onNewPair Called with the number of every pair that the merge creates.
   */
  merge(pair: number, merged: number, onNewPair: (pair: number) => void): void {
    const occurrences = this.#replaceAll(pair, merged);
    this.#lowerCounts(pair, merged);
    this.#addPairs(pair, merged, onNewPair);
    this.#fillPositions(occurrences);
    this.#pairs.count[pair] = 0;
    this.#onLeft.reset();
    this.#onRight.reset();
  }

  /** Writes the new symbol over every occurrence, from left to right, and sums up the neighbours. */
  #replaceAll(pair: number, merged: number): number {
    const symbols = this.#words.symbols;
    const lengths = this.#lengths;
    const a = this.#pairs.left[pair];
    const b = this.#pairs.right[pair];
    const aLength = lengths[a];
    const bLength = lengths[b];
    const positions = this.#pairs.positions(pair);
    this.#makeRoom(positions.length);
    let found = 0;
    for (let index = 0; index < positions.length; index++) {
      // Earlier merges, or this one where a and b are equal, may have taken either symbol away.
      const first = positions[index];
      if (symbols[first] !== a) continue;
      const second = first + aLength;
      if (symbols[second] !== b) continue;
      const after = second + bLength;
      const count = this.#words.countAt(first);
      symbols[second] = ~merged;
      symbols[after - 1] = ~merged;
      symbols[first] = merged;

      const before = symbols[first - 1];
      const left = before === WORD_BORDER ? NONE : before >= 0 ? before : ~before;
      const right = symbols[after] < 0 ? NONE : symbols[after];
      this.#position[found] = first;
      this.#left[found] = left;
      this.#right[found] = right;
      found++;
      if (left !== NONE) this.#onLeft.add(left, count);
      if (right !== NONE) this.#onRight.add(right, count);
    }
    return found;
  }

  /** The pairs that the neighbours made with the two symbols are gone. */
  #lowerCounts(pair: number, merged: number): void {
    const { left, right, count } = this.#pairs;
    const a = left[pair];
    const b = right[pair];
    for (const x of this.#onLeft.neighbours()) {
      // Behind an occurrence that was merged just before, (merged, a) goes: #addPairs never adds it.
      if (x !== merged) count[this.#pairs.find(x, a)] -= this.#onLeft.sum(x);
    }
    for (const y of this.#onRight.neighbours()) count[this.#pairs.find(b, y)] -= this.#onRight.sum(y);
  }

  #addPairs(pair: number, merged: number, onNewPair: (pair: number) => void): void {
    const a = this.#pairs.left[pair];
    const repeated = this.#onLeft.sum(merged);
    for (const x of this.#onLeft.neighbours()) {
      const added = this.#pairs.add(x, merged, this.#onLeft.sum(x), this.#onLeft.occurrences(x));
      this.#onLeft.pair[x] = added;
      onNewPair(added);
    }
    for (const y of this.#onRight.neighbours()) {
      const count = this.#onRight.sum(y) - (y === a ? repeated : 0);
      if (count === 0) {
        this.#onRight.pair[y] = NONE;
        continue;
      }
      const added = this.#pairs.add(merged, y, count, this.#onRight.occurrences(y));
      this.#onRight.pair[y] = added;
      onNewPair(added);
    }
  }

  #fillPositions(occurrences: number): void {
    const lengths = this.#lengths;
    for (let index = 0; index < occurrences; index++) {
      const position = this.#position[index];
      const x = this.#left[index];
      if (x !== NONE) this.#onLeft.append(this.#pairs, x, position - lengths[x]);
      const y = this.#right[index];
      if (y !== NONE && this.#onRight.pair[y] !== NONE) this.#onRight.append(this.#pairs, y, position);
    }
  }

  #makeRoom(length: number): void {
    if (length <= this.#position.length) return;
    const capacity = Math.max(length, 2 * this.#position.length);
    this.#position = new Int32Array(capacity);
    this.#left = new Int32Array(capacity);
    this.#right = new Int32Array(capacity);
  }
}

/** What one merge finds on one side, by the symbol that stands there. */
class NeighbourSums {
  /** The new pair with the symbol. */
  readonly pair: Int32Array;
  readonly #sum: Float64Array;
  readonly #occurrences: Int32Array;
  readonly #filled: Int32Array;
  readonly #neighbours: Int32Array;
  #size = 0;

  constructor(symbols: number) {
    this.pair = new Int32Array(symbols);
    this.#sum = new Float64Array(symbols);
    this.#occurrences = new Int32Array(symbols);
    this.#filled = new Int32Array(symbols);
    this.#neighbours = new Int32Array(symbols);
  }

  add(symbol: number, count: number): void {
    if (this.#occurrences[symbol]++ === 0) this.#neighbours[this.#size++] = symbol;
    this.#sum[symbol] += count;
  }

  /** The distinct symbols, as a view. */
  neighbours(): Int32Array {
    return this.#neighbours.subarray(0, this.#size);
  }

  sum(symbol: number): number {
    return this.#sum[symbol];
  }

  occurrences(symbol: number): number {
    return this.#occurrences[symbol];
  }

  /** Writes the next position of the new pair with a symbol. */
  append(pairs: PairIndex, symbol: number, position: number): void {
    const pair = this.pair[symbol];
    pairs.segment(pair)[pairs.offset(pair) + this.#filled[symbol]++] = position;
  }

  reset(): void {
    for (let index = 0; index < this.#size; index++) {
      const symbol = this.#neighbours[index];
      this.#sum[symbol] = 0;
      this.#occurrences[symbol] = 0;
      this.#filled[symbol] = 0;
    }
    this.#size = 0;
  }
}
