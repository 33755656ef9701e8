const FIRST_PAIRS = 1 << 16;
const SEGMENT = 1 << 22;

/**
 * Pairs of neighbouring symbols: for each, how often it occurs and at which positions. A hash table from (left, right)
 * to a number, and columns by that number. Positions lie in large segments that are never moved, so growing takes no
 * second copy of them.
 */
export class PairIndex {
  /** Number of pairs ever added. */
  size: number = 0;
  /** Left symbol by pair. */
  left: Int32Array<ArrayBuffer> = new Int32Array(FIRST_PAIRS);
  /** Right symbol by pair. */
  right: Int32Array<ArrayBuffer> = new Int32Array(FIRST_PAIRS);
  /** Occurrences by pair, each position weighted with its word's count. */
  count: Float64Array<ArrayBuffer> = new Float64Array(FIRST_PAIRS);

  #segment = new Int32Array(FIRST_PAIRS);
  #offset = new Int32Array(FIRST_PAIRS);
  #length = new Int32Array(FIRST_PAIRS);
  /** Pair plus one; 0 marks a free slot. At most a quarter of the slots are taken. */
  #slots = new Int32Array(4 * FIRST_PAIRS);

  readonly #segments: Int32Array<ArrayBuffer>[] = [];
  #used = 0;

  /** The number of a pair, or -1. */
  find(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(left, right) & mask;; slot = (slot + 1) & mask) {
      const pair = this.#slots[slot] - 1;
      if (pair < 0 || this.left[pair] === left && this.right[pair] === right) return pair;
    }
  }

  /**
   * Adds a pair that is not there yet, with room for its positions.
   *
   * @param count Its weighted occurrences.
   * @param length How many positions it has; {@linkcode positions} gives the room for them, to be filled.
   * @returns The number of the pair.
   */
  add(left: number, right: number, count: number, length: number): number {
    if (this.size === this.left.length) this.#grow();
    const pair = this.size++;
    this.left[pair] = left;
    this.right[pair] = right;
    this.count[pair] = count;
    this.#reserve(pair, length);
    this.#place(pair);
    return pair;
  }

  /** The positions of a pair, as a view: of its left symbols, in rising order. */
  positions(pair: number): Int32Array {
    const offset = this.#offset[pair];
    return this.#segments[this.#segment[pair]].subarray(offset, offset + this.#length[pair]);
  }

  /** The segment that holds the positions of a pair; they begin at {@linkcode offset}. */
  segment(pair: number): Int32Array {
    return this.#segments[this.#segment[pair]];
  }

  /** Where the positions of a pair begin in its segment. */
  offset(pair: number): number {
    return this.#offset[pair];
  }

  #reserve(pair: number, length: number): void {
    let last = this.#segments.length - 1;
    if (last < 0 || this.#used + length > this.#segments[last].length) {
      this.#segments.push(new Int32Array(Math.max(SEGMENT, length)));
      this.#used = 0;
      last++;
    }
    this.#segment[pair] = last;
    this.#offset[pair] = this.#used;
    this.#length[pair] = length;
    this.#used += length;
  }

  #place(pair: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.left[pair], this.right[pair]) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = pair + 1;
  }

  #grow(): void {
    const capacity = 2 * this.left.length;
    this.left = grown(this.left, new Int32Array(capacity));
    this.right = grown(this.right, new Int32Array(capacity));
    this.count = grown(this.count, new Float64Array(capacity));
    this.#segment = grown(this.#segment, new Int32Array(capacity));
    this.#offset = grown(this.#offset, new Int32Array(capacity));
    this.#length = grown(this.#length, new Int32Array(capacity));
    this.#slots = new Int32Array(4 * capacity);
    for (let pair = 0; pair < this.size; pair++) this.#place(pair);
  }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hash(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 0x7f4a7c15, 0x85ebca77);
  return mixed ^ (mixed >>> 15);
}
