import { HIGH_MASK, LOW_MASK } from "./key_masks.ts";

/** Longest pre-token whose bytes lie in its slot; longer ones lie in the arena. */
const INLINE = 8;
/** Words of 32 bits, and of 64 bits, in a slot: see {@linkcode PretokenCounts}. */
const SLOT_WORDS = 6;
const SLOT_DOUBLES = 3;
const FIRST_SLOTS = 1 << 12;
const FIRST_ARENA = 1 << 14;
const LARGEST_ARENA = 2 ** 31 - 1;
const LARGEST_SLOTS = 2 ** 28;

/** The memory of a {@linkcode PretokenCounts}, to hand over to another thread. */
export interface PretokenCountsParts {
  /** The slots of the table. */
  slots: ArrayBuffer;
  /** The bytes of the long pre-tokens. */
  arena: ArrayBuffer;
  /** How many bytes of the arena are in use. */
  arenaLength: number;
  /** Number of distinct pre-tokens. */
  size: number;
}

/**
 * How often each distinct pre-token occurs: a hash table over byte slices, open addressing with linear probing. Memory
 * grows with the number of distinct pre-tokens: 24 bytes a slot with the count (exact up to 2^53), at most 3 of 4 slots
 * taken, and the bytes of those longer than 8 in one arena.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = new TextEncoder().encode(" low low low");
 * const counts = new PretokenCounts();
 * for (const start of [0, 4, 8]) counts.add(new DataView(bytes.buffer), start, start + 4, 1);
 * assertEquals([counts.size, counts.total()], [1, 3]);
 * ```
 */
export class PretokenCounts {
  // A slot is six words, the last two of them a double: the first four bytes, the next four, the length, nothing, the
  // count. For a pre-token of more than 8 bytes the first two are a hash and the offset in the arena. Length 0 marks a
  // slot that is free. So a pre-token of up to 8 bytes, nearly all of them, is counted in one cache line and without a
  // loop over its bytes.
  #slots: Int32Array<ArrayBuffer>;
  #counts: Float64Array<ArrayBuffer>;
  #mask: number;
  #arena: DataView<ArrayBuffer>;
  #arenaLength: number;
  #size: number;

  /**
   * Takes over the memory of another table, or starts an empty one.
   *
   * @param parts What {@linkcode PretokenCounts.parts} of the other table gave.
   */
  constructor(parts?: PretokenCountsParts) {
    const slots = parts?.slots ?? new ArrayBuffer(FIRST_SLOTS * SLOT_WORDS * 4);
    this.#slots = new Int32Array(slots);
    this.#counts = new Float64Array(slots);
    this.#mask = this.#slots.length / SLOT_WORDS - 1;
    this.#arena = new DataView(parts?.arena ?? new ArrayBuffer(FIRST_ARENA));
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
      slots: this.#slots.buffer,
      arena: this.#arena.buffer,
      arenaLength: this.#arenaLength,
      size: this.#size,
    };
  }

  /** Number of all pre-tokens, repetitions included. */
  total(): number {
    let total = 0;
    for (let slot = 2; slot < this.#counts.length; slot += SLOT_DOUBLES) total += this.#counts[slot];
    return total;
  }

  /**
   * Counts a pre-token of 1 to 8 bytes once.
   *
   * @param low Four bytes of text from its beginning, the first one lowest.
   * @param high The four bytes after them.
   * @param length How many of the eight bytes are the pre-token's.
   */
  addShort(low: number, high: number, length: number): void {
    this.#addShort(low & LOW_MASK[length], high & HIGH_MASK[length], length, 1);
  }

  /**
   * Adds to the count of a pre-token.
   *
   * @param view The text.
   * @param start Where the pre-token begins.
   * @param end Where it ends; after `start`.
   * @param count How often it occurs.
   * @throws {RangeError} If the distinct pre-tokens of more than 8 bytes take more than 2 GiB.
   */
  add(view: DataView, start: number, end: number, count: number): void {
    const length = end - start;
    if (length > INLINE) return this.#addLong(view, start, end, count);
    let low = 0;
    let high = 0;
    if (start + INLINE <= view.byteLength) {
      low = view.getInt32(start, true) & LOW_MASK[length];
      high = view.getInt32(start + 4, true) & HIGH_MASK[length];
    } else {
      for (let index = 0; index < length; index++) {
        const byte = view.getUint8(start + index);
        if (index < 4) low |= byte << (8 * index);
        else high |= byte << (8 * index - 32);
      }
    }
    this.#addShort(low, high, length, count);
  }

  /** Adds all counts of another table to this one. */
  addAll(other: PretokenCounts): void {
    const slots = other.#slots;
    for (let slot = 0; slot < slots.length; slot += SLOT_WORDS) {
      const length = slots[slot + 2];
      if (length === 0) continue;
      const count = other.countAt(slot);
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
    return this.#counts[place / 2 + 2];
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
        this.#counts[slot * SLOT_DOUBLES + 2] += count;
        return;
      }
      if (slots[base + 2] === 0) return this.#insert(slot, low, high, length, count);
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
        this.#counts[slot * SLOT_DOUBLES + 2] += count;
        return;
      }
      if (slots[base + 2] === 0) return this.#insert(slot, digest, this.#store(view, start, length), length, count);
    }
  }

  #insert(slot: number, first: number, second: number, length: number, count: number): void {
    this.#slots[slot * SLOT_WORDS] = first;
    this.#slots[slot * SLOT_WORDS + 1] = second;
    this.#slots[slot * SLOT_WORDS + 2] = length;
    this.#counts[slot * SLOT_DOUBLES + 2] = count;
    this.#size++;
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
    const counts = new Float64Array(slots.buffer);
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
      counts[to / 2 + 2] = this.#counts[from / 2 + 2];
    }
    this.#slots = slots;
    this.#counts = counts;
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
