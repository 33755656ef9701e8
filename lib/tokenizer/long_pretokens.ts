import type { IdBuffer } from "./id_buffer.ts";
import type { PretokenMerger } from "./merge_pretoken.ts";

/** What is longer is merged each time: nearly all words are shorter, and so are most lines drawn of one character. */
const LONG_BYTES = 256;
/** Numbers for the entries: 2 MiB, some 30,000 entries, of which only the pages in use take memory. */
const ROOM = 1 << 19;
const SLOT_BITS = 14;
const SECOND_SLOTS = 1 << SLOT_BITS;
const NONE = -1;

// An entry is the hash, the length in bytes, how many ids, the key, the ids.
const HASH = 0;
const LENGTH = 1;
const COUNT = 2;
const KEY = 3;

/**
 * Remembers the ids of pre-tokens of more than 15 bytes: indentation, lines of hyphens, long names, words in scripts of
 * three bytes to a letter. The memory is fixed: when it is full, everything is forgotten.
 */
export class LongPretokens {
  readonly #entries = new Int32Array(ROOM);
  // Where the entries begin, by their hashes: a newcomer takes its first slot if that is free, else its second one.
  readonly #slots = new Int32Array(2 * SECOND_SLOTS).fill(NONE);
  readonly #merger: PretokenMerger;
  #used = 0;

  /**
   * Begins empty.
   *
   * @param merger Encodes the pre-tokens that are not remembered.
   */
  constructor(merger: PretokenMerger) {
    this.#merger = merger;
  }

  /**
   * Appends the ids of the pre-token `bytes[start..end)` of at least eight bytes.
   *
   * @param view The same memory as `bytes`.
   * @param output Has room for one id a byte.
   */
  encode(bytes: Uint8Array, view: DataView, start: number, end: number, output: IdBuffer): void {
    const length = end - start;
    const isRemembered = length <= LONG_BYTES;
    const hash = isRemembered ? hashOf(view, start, length) : 0;
    const entry = isRemembered ? this.#find(hash, view, start, length) : NONE;
    if (entry !== NONE) return this.#copy(entry, output);
    const count = this.#merger.merge(bytes, start, end, output.ids, output.length);
    const ids = output.ids.subarray(output.length, output.length + count);
    output.length += count;
    if (isRemembered) this.#add(hash, view, start, length, ids);
  }

  #find(hash: number, view: DataView, start: number, length: number): number {
    const first = this.#slots[firstSlotOf(hash)];
    if (this.#isAt(first, hash, view, start, length)) return first;
    const second = this.#slots[secondSlotOf(hash)];
    return this.#isAt(second, hash, view, start, length) ? second : NONE;
  }

  #isAt(entry: number, hash: number, view: DataView, start: number, length: number): boolean {
    const entries = this.#entries;
    if (entry === NONE || entries[entry + HASH] !== hash || entries[entry + LENGTH] !== length) return false;
    let word = entry + KEY;
    for (let offset = 0; offset < length; offset += 4) {
      if (entries[word++] !== wordAt(view, start, length, offset)) return false;
    }
    return true;
  }

  #copy(entry: number, output: IdBuffer): void {
    const entries = this.#entries;
    const count = entries[entry + COUNT];
    const from = entry + KEY + keyWords(entries[entry + LENGTH]);
    for (let id = 0; id < count; id++) output.ids[output.length + id] = entries[from + id];
    output.length += count;
  }

  #add(hash: number, view: DataView, start: number, length: number, ids: Uint32Array): void {
    const entries = this.#entries;
    const slots = this.#slots;
    const size = KEY + keyWords(length) + ids.length;
    if (this.#used + size > ROOM) {
      slots.fill(NONE);
      this.#used = 0;
    }
    const entry = this.#used;
    this.#used += size;
    entries[entry + HASH] = hash;
    entries[entry + LENGTH] = length;
    entries[entry + COUNT] = ids.length;
    let word = entry + KEY;
    for (let offset = 0; offset < length; offset += 4) entries[word++] = wordAt(view, start, length, offset);
    entries.set(ids, word);
    const first = firstSlotOf(hash);
    slots[slots[first] === NONE ? first : secondSlotOf(hash)] = entry;
  }
}

function firstSlotOf(hash: number): number {
  return hash >>> (32 - SLOT_BITS);
}

/** Two hashes that share the first slot hardly ever share this one too. */
function secondSlotOf(hash: number): number {
  return SECOND_SLOTS + (Math.imul(hash, 0x2c1b3c6d) >>> (32 - SLOT_BITS));
}

function keyWords(length: number): number {
  return (length + 3) >> 2;
}

/** Four bytes of a key; the last four may overlap those before them, so that no byte behind the pre-token is read. */
function wordAt(view: DataView, start: number, length: number, offset: number): number {
  return view.getInt32(start + Math.min(offset, length - 4), true);
}

/** Of the length and of eight bytes at the beginning, middle and end: the rest is seldom all that differs. */
function hashOf(view: DataView, start: number, length: number): number {
  const middle = start + (length >> 1);
  const end = start + length;
  let hash = Math.imul(length ^ view.getInt32(start, true), 0x9e3779b1);
  hash = Math.imul((hash ^ hash >>> 15) + view.getInt32(start + 4, true), 0x85ebca6b);
  hash = Math.imul((hash ^ hash >>> 15) + view.getInt32(middle - 4, true), 0x9e3779b1);
  hash = Math.imul((hash ^ hash >>> 15) + view.getInt32(middle, true), 0x85ebca6b);
  hash = Math.imul((hash ^ hash >>> 15) + view.getInt32(end - 8, true), 0x9e3779b1);
  hash = Math.imul((hash ^ hash >>> 15) + view.getInt32(end - 4, true), 0x85ebca6b);
  return hash;
}
