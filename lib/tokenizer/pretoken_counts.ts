import { KEY_MASKS, LONGEST_KEY } from "./key_masks.ts";
import type { PretokenTaker } from "./walk_pretokens.ts";

/** Longest pre-token whose bytes lie in its slot; longer ones lie in the arena. */
const INLINE = LONGEST_KEY;
/** Words of 32 bits, and of 64 bits, in a slot: see {@linkcode PretokenCounts}. */
const SLOT_WORDS = 6;
const SLOT_DOUBLES = 3;
/** Where the length stands in the last word of a key. */
const LENGTH_SHIFT = 24;
/** What a long pre-token has for a length there. */
const LONG = 16;
const FIRST_SLOT_BITS = 12;
const LAST_SLOT_BITS = 28;
const FIRST_ARENA = 1 << 14;
const LARGEST_ARENA = 2 ** 31 - 1;
/** How far apart the slots are that are added to another table one after the other. */
const ADDED_STRIDE = 64;
const APOSTROPHE = 0x27;

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
 * taken, and the bytes of those longer than 15 in one arena.
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
export class PretokenCounts implements PretokenTaker {
  // A slot is six words, the last two of them a double, the count. The first four are the key: 15 bytes of text, zero
  // after the pre-token's end, then its length, zero in a free slot. A pre-token of more than 15 bytes has there a
  // hash, the offset in the arena, its length, and LONG. So nearly all pre-tokens are counted in one cache line and
  // without a loop over their bytes.
  #slots: Int32Array<ArrayBuffer>;
  #counts: Float64Array<ArrayBuffer>;
  /** How far a hash is shifted to become the number of a slot. */
  #shift: number;
  #arena: DataView<ArrayBuffer>;
  #arenaLength: number;
  #size: number;

  /**
   * Takes over the memory of another table, or starts an empty one.
   *
   * @param parts What {@linkcode PretokenCounts.parts} of the other table gave.
   */
  constructor(parts?: PretokenCountsParts) {
    const slots = parts?.slots ?? new ArrayBuffer(SLOT_WORDS * 4 << FIRST_SLOT_BITS);
    this.#slots = new Int32Array(slots);
    this.#counts = new Float64Array(slots);
    this.#shift = shiftFor(this.#capacity);
    this.#arena = new DataView(parts?.arena ?? new ArrayBuffer(FIRST_ARENA));
    this.#arenaLength = parts?.arenaLength ?? 0;
    this.#size = parts?.size ?? 0;
  }

  /** Number of distinct pre-tokens. */
  get size(): number {
    return this.#size;
  }

  get #capacity(): number {
    return this.#slots.length / SLOT_WORDS;
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

  // What counting spends its time in: the same few operations for each pre-token, whatever its length, and hardly a
  // branch that depends on the text. Nothing is called here that might move an array. `| 0` says that a sum does not
  // overflow.
  /** Counts pre-tokens once each, as long as they are in the first or second slot for them. */
  takeKnown(view: DataView, position: number, ends: Int32Array, first: number, last: number): number {
    const slots = this.#slots;
    const counts = this.#counts;
    const shift = this.#shift;
    const masks = KEY_MASKS;
    const lastSlot = this.#capacity - 1;
    let start = position;
    let index = first;
    for (; index < last; index++) {
      const length = (ends[index] - start) | 0;
      const inKey = length & INLINE;
      const key0 = view.getInt32(start, true) & masks[12 + inKey];
      const key1 = view.getInt32((start + 4) | 0, true) & masks[8 + inKey];
      const key2 = view.getInt32((start + 8) | 0, true) & masks[4 + inKey];
      const key3 = view.getInt32((start + 12) | 0, true) & masks[inKey] | inKey << LENGTH_SHIFT;
      const isLong = (INLINE - length) >> 31;
      let slot = hashOf(key0, key1, key2, key3) >>> shift;
      let word = Math.imul(slot, SLOT_WORDS);
      let differs = isLong | slots[word] ^ key0 | slots[(word + 1) | 0] ^ key1 | slots[(word + 2) | 0] ^ key2 |
        slots[(word + 3) | 0] ^ key3;
      if (differs !== 0) {
        slot = Math.min(slot + 1, lastSlot);
        word = Math.imul(slot, SLOT_WORDS);
        differs = isLong | slots[word] ^ key0 | slots[(word + 1) | 0] ^ key1 | slots[(word + 2) | 0] ^ key2 |
          slots[(word + 3) | 0] ^ key3;
        if (differs !== 0) break;
      }
      counts[Math.imul(slot, SLOT_DOUBLES) + 2] += 1;
      start = ends[index];
    }
    return index;
  }

  /** Counts a pre-token once; see {@linkcode PretokenCounts.add}. */
  take(_bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.add(view, start, end, 1);
  }

  /**
   * Adds to the count of a pre-token.
   *
   * @param view The text.
   * @param start Where the pre-token begins.
   * @param end Where it ends; after `start`.
   * @param count How often it occurs.
   * @throws {RangeError} If the distinct pre-tokens of more than 15 bytes take more than 2 GiB.
   */
  add(view: DataView, start: number, end: number, count: number): void {
    const length = end - start;
    if (length > INLINE) return this.#addLong(view, start, end, count);
    const key0 = wordAt(view, start, length);
    // Its key is no key that text could have, so that takeKnown() does not find it.
    const isApostrophe = length === 1 && key0 === APOSTROPHE;
    this.#addShort(
      key0,
      wordAt(view, start + 4, length - 4),
      wordAt(view, start + 8, length - 8),
      wordAt(view, start + 12, length - 12) | (isApostrophe ? 1 : 0) | length << LENGTH_SHIFT,
      count,
    );
  }

  /** Adds all counts of another table to this one. */
  addAll(other: PretokenCounts): void {
    const slots = other.#slots;
    // In strides: slots lie in the order of hashes, and a table that is given half of its hashes before any of the
    // others overflows there long before it is full enough to grow, so that each newcomer searches through all those
    // before it.
    for (let first = 0; first < ADDED_STRIDE; first++) {
      for (let place = first * SLOT_WORDS; place < slots.length; place += ADDED_STRIDE * SLOT_WORDS) {
        const [key0, key1, key2, key3] = slots.subarray(place, place + 4);
        const count = other.countAt(place);
        if (key3 === 0) continue;
        if (key3 !== LONG << LENGTH_SHIFT) this.#addShort(key0, key1, key2, key3, count);
        else this.#addLong(other.#arena, key1, key1 + key2, count);
      }
    }
  }

  /**
   * The places of all pre-tokens of two bytes or more, to be given to {@linkcode lengthAt}, {@linkcode countAt} and
   * {@linkcode copyTo}. Valid until the table changes.
   */
  mergeablePlaces(): Int32Array {
    const places = new Int32Array(this.#size);
    let found = 0;
    for (let place = 0; place < this.#slots.length; place += SLOT_WORDS) {
      if (this.lengthAt(place) > 1) places[found++] = place;
    }
    return places.subarray(0, found);
  }

  /** Length in bytes of the pre-token at a place. */
  lengthAt(place: number): number {
    const length = this.#slots[place + 3] >>> LENGTH_SHIFT;
    return length === LONG ? this.#slots[place + 2] : length;
  }

  /** Count of the pre-token at a place. */
  countAt(place: number): number {
    return this.#counts[place / 2 + 2];
  }

  /** Writes the bytes of the pre-token at a place to `target`, one byte an element, from `offset` on. */
  copyTo(place: number, target: Int32Array, offset: number): void {
    const slots = this.#slots;
    const length = this.lengthAt(place);
    if (length <= INLINE) {
      for (let index = 0; index < length; index++) {
        target[offset + index] = (slots[place + (index >> 2)] >>> (8 * (index & 3))) & 0xff;
      }
    } else {
      const from = slots[place + 1];
      for (let index = 0; index < length; index++) target[offset + index] = this.#arena.getUint8(from + index);
    }
  }

  #addShort(key0: number, key1: number, key2: number, key3: number, count: number): void {
    const slots = this.#slots;
    let slot = hashOf(key0, key1, key2, key3) >>> this.#shift;
    for (;; slot = this.#after(slot)) {
      const word = slot * SLOT_WORDS;
      const isEqual = slots[word] === key0 && slots[word + 1] === key1 && slots[word + 2] === key2 &&
        slots[word + 3] === key3;
      if (isEqual) {
        this.#counts[slot * SLOT_DOUBLES + 2] += count;
        return;
      }
      if (slots[word + 3] === 0) return this.#insert(slot, key0, key1, key2, key3, count);
    }
  }

  #addLong(view: DataView, start: number, end: number, count: number): void {
    const length = end - start;
    const digest = hashBytes(view, start, end);
    const slots = this.#slots;
    let slot = hashOfLong(digest, length) >>> this.#shift;
    for (;; slot = this.#after(slot)) {
      const word = slot * SLOT_WORDS;
      const isEqual = slots[word + 3] === LONG << LENGTH_SHIFT && slots[word + 2] === length &&
        slots[word] === digest &&
        areEqual(this.#arena, slots[word + 1], view, start, length);
      if (isEqual) {
        this.#counts[slot * SLOT_DOUBLES + 2] += count;
        return;
      }
      if (slots[word + 3] === 0) {
        return this.#insert(slot, digest, this.#store(view, start, length), length, LONG << LENGTH_SHIFT, count);
      }
    }
  }

  /** The slot to look at next. */
  #after(slot: number): number {
    return slot + 1 === this.#capacity ? 0 : slot + 1;
  }

  #insert(slot: number, word0: number, word1: number, word2: number, word3: number, count: number): void {
    const slots = this.#slots;
    slots[slot * SLOT_WORDS] = word0;
    slots[slot * SLOT_WORDS + 1] = word1;
    slots[slot * SLOT_WORDS + 2] = word2;
    slots[slot * SLOT_WORDS + 3] = word3;
    this.#counts[slot * SLOT_DOUBLES + 2] = count;
    this.#size++;
    if (this.#size * 4 > this.#capacity * 3) this.#growSlots();
  }

  #growSlots(): void {
    const old = this.#slots;
    const oldCounts = this.#counts;
    const capacity = this.#capacity * 2;
    if (capacity > 2 ** LAST_SLOT_BITS) {
      throw new RangeError(
        `Cannot count pre-tokens: more than ${this.#size} are distinct; train on a smaller part of the text`,
      );
    }
    this.#slots = new Int32Array(capacity * SLOT_WORDS);
    this.#counts = new Float64Array(this.#slots.buffer);
    this.#shift = shiftFor(capacity);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      const key3 = old[from + 3];
      if (key3 === 0) continue;
      const hash = key3 === LONG << LENGTH_SHIFT
        ? hashOfLong(old[from], old[from + 2])
        : hashOf(old[from], old[from + 1], old[from + 2], key3);
      let slot = hash >>> this.#shift;
      while (this.#slots[slot * SLOT_WORDS + 3] !== 0) slot = this.#after(slot);
      for (let word = 0; word < 4; word++) this.#slots[slot * SLOT_WORDS + word] = old[from + word];
      this.#counts[slot * SLOT_DOUBLES + 2] = oldCounts[from / 2 + 2];
    }
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

function shiftFor(capacity: number): number {
  return Math.clz32(capacity) + 1;
}

/** Its upper bits count: each depends on all bits of the key that are not above it. */
function hashOf(key0: number, key1: number, key2: number, key3: number): number {
  return Math.imul(key0, 0x9e3779b1) + Math.imul(key1, 0x85ebca6b) +
      Math.imul(key2, 0xc2b2ae35) + Math.imul(key3, 0x27d4eb2f) | 0;
}

function hashOfLong(digest: number, length: number): number {
  return hashOf(digest, 0, length, 0);
}

/** A word of a key, of which `length` bytes belong to the pre-token, perhaps none or more than four. */
function wordAt(view: DataView, position: number, length: number): number {
  if (length >= 4) return view.getInt32(position, true);
  let word = 0;
  for (let index = 0; index < length; index++) word |= view.getUint8(position + index) << (8 * index);
  return word;
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
