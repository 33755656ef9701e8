/** Longest pre-token whose bytes lie in its slot; longer ones lie in the arena. */
const INLINE = 8;
/** Words of 32 bits in a slot: see {@linkcode PretokenCounts}. */
const SLOT_WORDS = 4;
const FIRST_SLOTS = 1 << 12;
const FIRST_ARENA = 1 << 14;
const LARGEST_ARENA = 2 ** 31 - 1;
const LARGEST_SLOTS = 2 ** 28;

/** By length: which bits of the first and of the second four bytes belong to the pre-token. */
const LOW_MASK = Int32Array.from({ length: INLINE + 1 }, (_, length) => length >= 4 ? -1 : 2 ** (8 * length) - 1);
const HIGH_MASK = Int32Array.from(LOW_MASK, (_, length) => length < 4 ? 0 : LOW_MASK[length - 4]);

/** The memory of a {@linkcode PretokenCounts}, to hand over to another thread. */
export interface PretokenCountsParts {
  slots: Int32Array<ArrayBuffer>;
  counts: Float64Array<ArrayBuffer>;
  arena: ArrayBuffer;
  arenaLength: number;
  size: number;
}

/**
 * How often each distinct pre-token occurs: a hash table over byte slices, open addressing with linear probing. Memory
 * grows with the number of distinct pre-tokens: 16 bytes a slot, at most 3 of 4 slots taken, 8 bytes a count (exact up
 * to 2^53), and the bytes of those longer than 8 in one arena.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = new TextEncoder().encode(" low low low");
 * const counts = new PretokenCounts();
 * counts.addSlices(new DataView(bytes.buffer), 0, Uint32Array.of(4, 8, 12), 3);
 * assertEquals([counts.size, counts.total()], [1, 3]);
 * ```
 */
export class PretokenCounts {
  // A slot is four words. Up to 8 bytes: the first four bytes, the last four, the length, the index of the count. Longer:
  // a hash, the offset in the arena, the length, the index of the count. Length 0 marks a slot that is free. A pre-token
  // of up to 8 bytes, nearly all of them, is so found with one cache line and without a loop over its bytes.
  #slots: Int32Array<ArrayBuffer>;
  #mask: number;
  #counts: Float64Array<ArrayBuffer>;
  #arena: DataView<ArrayBuffer>;
  #arenaLength: number;
  #size: number;

  /** @param parts The memory of another table, which this one takes over; an empty table without. */
  constructor(parts?: PretokenCountsParts) {
    this.#slots = parts?.slots ?? new Int32Array(FIRST_SLOTS * SLOT_WORDS);
    this.#counts = parts?.counts ?? new Float64Array(FIRST_SLOTS);
    this.#arena = new DataView(parts?.arena ?? new ArrayBuffer(FIRST_ARENA));
    this.#mask = this.#slots.length / SLOT_WORDS - 1;
    this.#arenaLength = parts?.arenaLength ?? 0;
    this.#size = parts?.size ?? 0;
  }

  /** Number of distinct pre-tokens. */
  get size(): number {
    return this.#size;
  }

  /** The memory of this table, to be transferred; the table is not to be used afterwards. */
  parts(): PretokenCountsParts {
    return {
      slots: this.#slots,
      counts: this.#counts,
      arena: this.#arena.buffer,
      arenaLength: this.#arenaLength,
      size: this.#size,
    };
  }

  /** Number of all pre-tokens, repetitions included. */
  total(): number {
    let total = 0;
    for (let index = 0; index < this.#size; index++) total += this.#counts[index];
    return total;
  }

  /**
   * Counts consecutive slices once each: the first from `start` to `ends[0]`, each other one from the end before.
   *
   * @param view The text.
   * @param start Where the first slice begins.
   * @param ends Where the slices end, as {@linkcode scanPretokens} writes them.
   * @param length How many of `ends` to take.
   * @throws {RangeError} If the distinct pre-tokens of more than 8 bytes take more than 2 GiB.
   */
  addSlices(view: DataView, start: number, ends: Uint32Array, length: number): void {
    const lastWhole = view.byteLength - INLINE;
    let from = start;
    for (let index = 0; index < length; index++) {
      const to = ends[index];
      const size = to - from;
      if (size <= INLINE && from <= lastWhole) {
        const low = view.getInt32(from, true) & LOW_MASK[size];
        const high = view.getInt32(from + 4, true) & HIGH_MASK[size];
        this.#addShort(low, high, size, 1);
      } else {
        this.add(view, from, to, 1);
      }
      from = to;
    }
  }

  /**
   * Adds to the count of one pre-token.
   *
   * @param view The text.
   * @param start Where the pre-token begins.
   * @param end Where it ends; after `start`.
   * @param count How often it occurs.
   */
  add(view: DataView, start: number, end: number, count: number): void {
    const length = end - start;
    if (length > INLINE) return this.#addLong(view, start, end, count);
    let low = 0;
    let high = 0;
    for (let index = 0; index < length; index++) {
      const byte = view.getUint8(start + index);
      if (index < 4) low |= byte << (8 * index);
      else high |= byte << (8 * index - 32);
    }
    this.#addShort(low, high, length, count);
  }

  /** Adds all counts of another table to this one. */
  addAll(other: PretokenCounts): void {
    const slots = other.#slots;
    for (let slot = 0; slot < slots.length; slot += SLOT_WORDS) {
      const length = slots[slot + 2];
      if (length === 0) continue;
      const count = other.#counts[slots[slot + 3]];
      if (length <= INLINE) this.#addShort(slots[slot], slots[slot + 1], length, count);
      else this.#addLong(other.#arena, slots[slot + 1], slots[slot + 1] + length, count);
    }
  }

  /**
   * The places of all pre-tokens of two bytes or more, to be given to {@linkcode lengthAt}, {@linkcode countAt} and
   * {@linkcode copyTo}. Valid until the table changes.
   */
  mergeablePlaces(): Int32Array {
    const slots = this.#slots;
    const places = new Int32Array(this.#size);
    let found = 0;
    for (let slot = 0; slot < slots.length; slot += SLOT_WORDS) if (slots[slot + 2] > 1) places[found++] = slot;
    return places.subarray(0, found);
  }

  /** Length in bytes of the pre-token at a place. */
  lengthAt(place: number): number {
    return this.#slots[place + 2];
  }

  /** Count of the pre-token at a place. */
  countAt(place: number): number {
    return this.#counts[this.#slots[place + 3]];
  }

  /** Writes the bytes of the pre-token at a place to `target`, one byte an element, from `offset` on. */
  copyTo(place: number, target: Int32Array, offset: number): void {
    const slots = this.#slots;
    const length = slots[place + 2];
    if (length <= INLINE) {
      for (let index = 0; index < length; index++) {
        target[offset + index] = (slots[place + (index >> 2)] >>> (8 * (index & 3))) & 0xff;
      }
    } else {
      const from = slots[place + 1];
      for (let index = 0; index < length; index++) target[offset + index] = this.#arena.getUint8(from + index);
    }
  }

  #addShort(low: number, high: number, length: number, count: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = hash(low, high, length) & mask;; slot = (slot + 1) & mask) {
      const base = slot * SLOT_WORDS;
      if (slots[base] === low && slots[base + 1] === high && slots[base + 2] === length) {
        this.#counts[slots[base + 3]] += count;
        return;
      }
      if (slots[base + 2] === 0) return this.#insert(base, low, high, length, count);
    }
  }

  #addLong(view: DataView, start: number, end: number, count: number): void {
    const length = end - start;
    const digest = hashBytes(view, start, end);
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = hash(digest, 0, length) & mask;; slot = (slot + 1) & mask) {
      const base = slot * SLOT_WORDS;
      const isEqual = slots[base + 2] === length && slots[base] === digest &&
        areEqual(this.#arena, slots[base + 1], view, start, length);
      if (isEqual) {
        this.#counts[slots[base + 3]] += count;
        return;
      }
      if (slots[base + 2] === 0) return this.#insert(base, digest, this.#store(view, start, length), length, count);
    }
  }

  #insert(base: number, first: number, second: number, length: number, count: number): void {
    const slots = this.#slots;
    slots[base] = first;
    slots[base + 1] = second;
    slots[base + 2] = length;
    slots[base + 3] = this.#size;
    if (this.#size === this.#counts.length) {
      const counts = new Float64Array(2 * this.#size);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    this.#counts[this.#size++] = count;
    if (this.#size * 4 > (this.#mask + 1) * 3) this.#growSlots();
  }

  #growSlots(): void {
    const old = this.#slots;
    const capacity = (this.#mask + 1) * 2;
    if (capacity > LARGEST_SLOTS) {
      throw new RangeError(
        `Cannot count pre-tokens: more than ${this.#size} are distinct; train on a smaller part of the text`,
      );
    }
    const slots = new Int32Array(capacity * SLOT_WORDS);
    const mask = capacity - 1;
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      const length = old[from + 2];
      if (length === 0) continue;
      let slot = hash(old[from], length <= INLINE ? old[from + 1] : 0, length) & mask;
      while (slots[slot * SLOT_WORDS + 2] !== 0) slot = (slot + 1) & mask;
      const to = slot * SLOT_WORDS;
      slots[to] = old[from];
      slots[to + 1] = old[from + 1];
      slots[to + 2] = length;
      slots[to + 3] = old[from + 3];
    }
    this.#slots = slots;
    this.#mask = mask;
  }

  /** Copies a slice to the arena and gives its offset there. */
  #store(view: DataView, start: number, length: number): number {
    const offset = this.#arenaLength;
    if (offset + length > LARGEST_ARENA) {
      throw new RangeError(
        "Cannot count pre-tokens: the distinct ones take more than 2 GiB; train on a smaller part of the text",
      );
    }
    if (offset + length > this.#arena.byteLength) {
      const wanted = Math.max(2 * this.#arena.byteLength, offset + length);
      this.#arena = new DataView(this.#arena.buffer.transfer(Math.min(wanted, LARGEST_ARENA)));
    }
    const arena = this.#arena;
    for (let index = 0; index < length - 4; index += 4) {
      arena.setInt32(offset + index, view.getInt32(start + index, true), true);
    }
    arena.setInt32(offset + length - 4, view.getInt32(start + length - 4, true), true);
    this.#arenaLength += length;
    return offset;
  }
}

function hash(first: number, second: number, length: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + length, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

// Both read four bytes at a time; the last four, which may overlap the ones before, take the place of a tail.

function hashBytes(view: DataView, start: number, end: number): number {
  let mixed = 0;
  for (let position = start; position < end - 4; position += 4) {
    mixed = Math.imul(mixed ^ view.getInt32(position, true), 0x85ebca77);
    mixed ^= mixed >>> 15;
  }
  mixed = Math.imul(mixed ^ view.getInt32(end - 4, true), 0xc2b2ae3d);
  return mixed ^ (mixed >>> 16);
}

function areEqual(first: DataView, firstStart: number, second: DataView, secondStart: number, length: number): boolean {
  for (let index = 0; index < length - 4; index += 4) {
    if (first.getInt32(firstStart + index, true) !== second.getInt32(secondStart + index, true)) return false;
  }
  return first.getInt32(firstStart + length - 4, true) === second.getInt32(secondStart + length - 4, true);
}
