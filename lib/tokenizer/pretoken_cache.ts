import { IdBuffer } from "./id_buffer.ts";
import { KEY_MASKS, LONGEST_KEY } from "./key_masks.ts";
import { LongPretokens } from "./long_pretokens.ts";
import type { PretokenMerger } from "./merge_pretoken.ts";
import type { PretokenTaker } from "./walk_pretokens.ts";

const APOSTROPHE = 0x27;

/** Longer pre-tokens have no entry. */
const SHORT_BYTES = LONGEST_KEY;
/** An entry's numbers: a key in four, then up to four ids. */
const STRIDE = 8;
const KEY_WORDS = 4;
const IDS = STRIDE - KEY_WORDS;
/** Room for all ids of a pre-token that has more than four: each takes a byte of it at least. */
const MANY_STRIDE = 16;
/** In the last number of an entry's key: three bytes of text, then how many ids there are. */
const COUNT_SHIFT = 24;
const LAST_KEY_BITS = 2 ** COUNT_SHIFT - 1;
/** As many as 16 bits can number, of 32 bytes: 2 MiB, of which only the pages in use take memory. */
const ENTRIES = 1 << 16;
const SLOT_BITS = 17;
const SECOND_SLOTS = 1 << SLOT_BITS;

/** Keys are read in words of four bytes: a view needs this many bytes after the end of the last pre-token. */
export const CACHE_PADDING = 4;

/**
 * Remembers the ids of pre-tokens, so that each is merged once while text goes on using it. The memory is fixed: for
 * pre-tokens of up to 15 bytes, nearly all, a ring of 2^16 entries in the order in which they came; for longer ones
 * {@linkcode LongPretokens}. Frequent pre-tokens come early, so that their entries lie close together, where the
 * processor's caches hold them. When the ring is full, the oldest entry makes room.
 *
 * A key is the pre-token's bytes, little-endian, four to a number, zero after its end.
 */
export class PretokenCache implements PretokenTaker {
  /** Where the ids of the pre-tokens that are taken go. */
  output: IdBuffer = new IdBuffer(0);
  /**
   * The key in four numbers, with the number of ids in its last byte, which is zero in any key; then the ids, or, if
   * they are more than four, nothing. No entry has the key of an apostrophe alone: it may begin a contraction.
   */
  readonly #entries = new Int32Array(STRIDE * ENTRIES);
  /** The ids of pre-tokens that have more than four. */
  readonly #many = new Int32Array(MANY_STRIDE * ENTRIES);
  /**
   * The numbers of entries by the hashes of their keys. A newcomer takes its first slot if that is free, for the
   * frequent come early and are to be found at once; else its second one. Entry 0 is no pre-token's: its key is zero,
   * which is no key.
   */
  readonly #slots = new Uint16Array(2 * SECOND_SLOTS);
  readonly #long: LongPretokens;
  readonly #merger: PretokenMerger;
  #newest = 0;

  /**
   * Begins empty.
   *
   * @param merger Encodes the pre-tokens that are not remembered.
   */
  constructor(merger: PretokenMerger) {
    this.#merger = merger;
    this.#long = new LongPretokens(merger);
  }

  /**
   * Appends the ids of the pre-token `bytes[start..end)`.
   *
   * @param view The same memory as `bytes`, with {@linkcode CACHE_PADDING} bytes more after `end`, whatever they are.
   */
  take(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const output = this.output;
    const length = end - start;
    output.reserve(length);
    // A key does not tell how many zeros end it.
    const isShort = length <= SHORT_BYTES && bytes[end - 1] !== 0 && !(length === 1 && bytes[start] === APOSTROPHE);
    if (isShort) this.#encodeShort(bytes, view, start, end, output);
    else if (length > SHORT_BYTES) this.#long.encode(bytes, view, start, end, output);
    else output.length += this.#merger.merge(bytes, start, end, output.ids, output.length);
  }

  // What encoding spends its time in: the same few operations for each pre-token, whatever its length, and hardly a
  // branch that depends on the text. It calls nothing that lies in another file, which the engine would look up each
  // time, nor anything that might move an array. `| 0` says that a sum does not overflow.
  /** Appends the ids of pre-tokens as long as they are remembered. */
  takeKnown(view: DataView, position: number, ends: Int32Array, first: number, last: number): number {
    const output = this.output;
    output.reserve(MANY_STRIDE * (last - first));
    const ids = output.ids;
    const slots = this.#slots;
    const entries = this.#entries;
    const many = this.#many;
    const masks = KEY_MASKS;
    let count = output.length;
    let start = position;
    let index = first;
    for (; index < last; index++) {
      const length = (ends[index] - start) | 0;
      const inKey = length & SHORT_BYTES;
      const key0 = view.getInt32(start, true) & masks[12 + inKey];
      const key1 = view.getInt32((start + 4) | 0, true) & masks[8 + inKey];
      const key2 = view.getInt32((start + 8) | 0, true) & masks[4 + inKey];
      const key3 = view.getInt32((start + 12) | 0, true) & masks[inKey];
      const isLong = (SHORT_BYTES - length) >> 31;
      const hash = hashOf(key0, key1, key2, key3);
      let entry = slots[firstSlotOf(hash)] << 3;
      let key3AndCount = entries[entry + 3];
      let differs = isLong | entries[entry] ^ key0 | entries[entry + 1] ^ key1 | entries[entry + 2] ^ key2 |
        (key3AndCount ^ key3) << 8;
      if (differs !== 0) {
        entry = slots[secondSlotOf(hash)] << 3;
        key3AndCount = entries[entry + 3];
        differs = isLong | entries[entry] ^ key0 | entries[entry + 1] ^ key1 | entries[entry + 2] ^ key2 |
          (key3AndCount ^ key3) << 8;
        if (differs !== 0) break;
      }
      const idCount = key3AndCount >>> COUNT_SHIFT;
      if (idCount <= IDS) {
        // All four are written, however many there are.
        ids[count] = entries[entry + 4];
        ids[(count + 1) | 0] = entries[entry + 5];
        ids[(count + 2) | 0] = entries[entry + 6];
        ids[(count + 3) | 0] = entries[entry + 7];
      } else {
        // Written out, since a loop within this one would slow all of it down; the last one of 15 bytes has 15.
        const from = entry << 1;
        ids[count] = many[from];
        ids[(count + 1) | 0] = many[(from + 1) | 0];
        ids[(count + 2) | 0] = many[(from + 2) | 0];
        ids[(count + 3) | 0] = many[(from + 3) | 0];
        ids[(count + 4) | 0] = many[(from + 4) | 0];
        ids[(count + 5) | 0] = many[(from + 5) | 0];
        ids[(count + 6) | 0] = many[(from + 6) | 0];
        ids[(count + 7) | 0] = many[(from + 7) | 0];
        ids[(count + 8) | 0] = many[(from + 8) | 0];
        ids[(count + 9) | 0] = many[(from + 9) | 0];
        ids[(count + 10) | 0] = many[(from + 10) | 0];
        ids[(count + 11) | 0] = many[(from + 11) | 0];
        ids[(count + 12) | 0] = many[(from + 12) | 0];
        ids[(count + 13) | 0] = many[(from + 13) | 0];
        ids[(count + 14) | 0] = many[(from + 14) | 0];
      }
      count = (count + idCount) | 0;
      start = ends[index];
    }
    output.length = count;
    return index;
  }

  #encodeShort(bytes: Uint8Array, view: DataView, start: number, end: number, output: IdBuffer): void {
    const entries = this.#entries;
    const length = end - start;
    const key0 = wordAt(view, start, length);
    const key1 = length > 4 ? wordAt(view, start + 4, length - 4) : 0;
    const key2 = length > 8 ? wordAt(view, start + 8, length - 8) : 0;
    const key3 = length > 12 ? wordAt(view, start + 12, length - 12) : 0;
    const hash = hashOf(key0, key1, key2, key3);
    const isAt = (place: number) =>
      entries[place] === key0 && entries[place + 1] === key1 && entries[place + 2] === key2 &&
      (entries[place + 3] & LAST_KEY_BITS) === key3;
    const first = this.#slots[firstSlotOf(hash)];
    if (isAt(STRIDE * first)) return this.#copy(first, output);
    const second = this.#slots[secondSlotOf(hash)];
    if (isAt(STRIDE * second)) return this.#copy(second, output);

    const count = this.#merger.merge(bytes, start, end, output.ids, output.length);
    const ids = output.ids.subarray(output.length, output.length + count);
    output.length += count;
    const entry = this.#makeEntry(hash);
    const place = STRIDE * entry;
    entries[place] = key0;
    entries[place + 1] = key1;
    entries[place + 2] = key2;
    entries[place + 3] = key3 | count << COUNT_SHIFT;
    if (count <= IDS) entries.set(ids, place + KEY_WORDS);
    else this.#many.set(ids, MANY_STRIDE * entry);
  }

  #copy(entry: number, output: IdBuffer): void {
    const count = this.#entries[STRIDE * entry + KEY_WORDS - 1] >>> COUNT_SHIFT;
    const ids = count > IDS ? this.#many : this.#entries;
    const from = count > IDS ? MANY_STRIDE * entry : STRIDE * entry + KEY_WORDS;
    for (let id = 0; id < count; id++) output.ids[output.length + id] = ids[from + id];
    output.length += count;
  }

  /** The number of a new entry, to which a slot for the hash leads from now on. */
  #makeEntry(hash: number): number {
    const slots = this.#slots;
    this.#newest = this.#newest % (ENTRIES - 1) + 1;
    const newest = this.#newest;
    if (this.#entries[STRIDE * newest] !== 0) {
      const oldest = this.#hashOfEntry(newest);
      for (const slot of [firstSlotOf(oldest), secondSlotOf(oldest)]) if (slots[slot] === newest) slots[slot] = 0;
    }
    const first = firstSlotOf(hash);
    slots[slots[first] === 0 ? first : secondSlotOf(hash)] = newest;
    return newest;
  }

  #hashOfEntry(entry: number): number {
    const [key0, key1, key2, key3] = this.#entries.subarray(STRIDE * entry, STRIDE * entry + KEY_WORDS);
    return hashOf(key0, key1, key2, key3 & LAST_KEY_BITS);
  }
}

function hashOf(key0: number, key1: number, key2: number, key3: number): number {
  return Math.imul(key0, 0x9e3779b1) + Math.imul(key1, 0x85ebca6b) +
      Math.imul(key2, 0xc2b2ae35) + Math.imul(key3, 0x27d4eb2f) | 0;
}

function firstSlotOf(hash: number): number {
  return hash >>> (32 - SLOT_BITS);
}

/** Two keys that share the first slot hardly ever share this one too. */
function secondSlotOf(hash: number): number {
  return SECOND_SLOTS + (Math.imul(hash, 0x2c1b3c6d) >>> (32 - SLOT_BITS));
}

/** A number of a key, of which `length` bytes (perhaps more than four, never none) belong to the pre-token. */
function wordAt(view: DataView, position: number, length: number): number {
  const word = view.getInt32(position, true);
  return length < 4 ? word & ((1 << (8 * length)) - 1) : word;
}
