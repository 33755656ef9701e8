import type { PretokenMerger } from "./merge_pretoken.ts";

/** A short entry's eight numbers: the key in four, then the ids (see {@linkcode PretokenCache.short}). */
const SHORT_STRIDE = 8;
const SHORT_KEY_WORDS = 4;
const SHORT_IDS = SHORT_STRIDE - SHORT_KEY_WORDS;
/** One byte less than the key has room for: the encoder's loop looks at 16 bytes, the last of which ends the pre-token. */
const SHORT_BYTES = 15;
/** 2^17 buckets of two entries of 32 bytes: 8 MiB. Half of it has more entries in the second place: 5 % slower. */
const SHORT_BUCKET_BITS = 17;
/** How far the second entry of a bucket is from the first: all first ones lie together, being used most. */
const TO_SECOND = SHORT_STRIDE << SHORT_BUCKET_BITS;

/** A long entry's numbers: the key in sixteen, its length in bytes, how many ids, and the ids. */
const LONG_KEY_WORDS = 16;
const LONG_BYTES = 4 * LONG_KEY_WORDS;
const LONG_STRIDE = 64;
const LONG_IDS = LONG_STRIDE - LONG_KEY_WORDS - 2;
/** 2^12 buckets of two entries of 256 bytes: 2 MiB. */
const LONG_BUCKET_BITS = 12;

/** Keys are read in words of four bytes: a view needs this many bytes after the end of the last pre-token. */
export const CACHE_PADDING = 4;

/** Where the first entry for a pre-token of up to 15 bytes begins in {@linkcode PretokenCache.short}. */
export function shortEntryOf(key0: number, key1: number, key2: number, key3: number): number {
  const hash = Math.imul(key0, 0x9e3779b1) + Math.imul(key1, 0x85ebca6b) +
    Math.imul(key2, 0xc2b2ae35) + Math.imul(key3, 0x27d4eb2f);
  return (hash >>> (32 - SHORT_BUCKET_BITS)) * SHORT_STRIDE;
}

/**
 * Remembers the ids of pre-tokens, so that each is merged once while text goes on using it. The memory is fixed: two
 * tables of buckets of two entries, for pre-tokens of up to 15 bytes, nearly all, and of up to 64 bytes and 46 ids. A
 * newcomer takes the first place of its bucket and moves the entry there to the second; an entry found in the second place
 * trades it for the first. So what is used again and again is found at once, and what was seen once goes. Anything longer
 * is merged each time.
 *
 * Keys are the pre-token's bytes, little-endian, four to a word, zero after its end.
 */
export class PretokenCache {
  /**
   * The entries of short pre-tokens, for the encoder's own loop: eight numbers each, where {@linkcode shortEntryOf} says,
   * the key in four, then up to four ids, -1 after the last. A pre-token of more than four ids has minus their number in
   * the last place, and {@linkcode PretokenCache.copyMany} gives them.
   */
  readonly short: Int32Array<ArrayBuffer> = new Int32Array(2 * TO_SECOND);
  /** All ids of the short pre-tokens that have more than four, at twice the index of the entry; most pages stay untouched. */
  readonly #many = new Int32Array(4 * TO_SECOND);
  readonly #long = new Int32Array(LONG_STRIDE << (LONG_BUCKET_BITS + 1));
  readonly #words = new Int32Array(LONG_KEY_WORDS);
  readonly #merger: PretokenMerger;

  /**
   * Begins empty.
   *
   * @param merger Encodes the pre-tokens that are not remembered.
   */
  constructor(merger: PretokenMerger) {
    this.#merger = merger;
  }

  /**
   * Writes the ids of the pre-token `bytes[start..end)` into `output` from index `at` on, at most one a byte.
   *
   * @param view The same memory as `bytes`, with {@linkcode CACHE_PADDING} bytes more after `end`, whatever they are.
   * @returns How many ids were written.
   */
  encode(bytes: Uint8Array, view: DataView, start: number, end: number, output: Uint32Array, at: number): number {
    // A key does not tell how many zeros end it.
    return end - start <= SHORT_BYTES && bytes[end - 1] !== 0
      ? this.#encodeShort(bytes, view, start, end, output, at)
      : this.#encodeLong(bytes, view, start, end, output, at);
  }

  /** Writes the ids of a short entry that has more than four, and returns how many. */
  copyMany(entry: number, output: Uint32Array, at: number): number {
    const many = this.#many;
    const count = -this.short[entry + SHORT_STRIDE - 1];
    for (let index = 0; index < count; index++) output[at + index] = many[2 * entry + index];
    return count;
  }

  #encodeShort(bytes: Uint8Array, view: DataView, start: number, end: number, output: Uint32Array, at: number): number {
    const length = end - start;
    const key0 = wordAt(view, start, length);
    const key1 = length > 4 ? wordAt(view, start + 4, length - 4) : 0;
    const key2 = length > 8 ? wordAt(view, start + 8, length - 8) : 0;
    const key3 = length > 12 ? wordAt(view, start + 12, length - 12) : 0;
    const table = this.short;
    const first = shortEntryOf(key0, key1, key2, key3);
    const isAt = (entry: number) =>
      table[entry] === key0 && table[entry + 1] === key1 && table[entry + 2] === key2 && table[entry + 3] === key3;
    if (isAt(first)) return this.#copyShort(first, output, at);
    this.#tradePlaces(first);
    if (isAt(first)) return this.#copyShort(first, output, at);
    const count = this.#merger.merge(bytes, start, end, output, at);
    table[first] = key0;
    table[first + 1] = key1;
    table[first + 2] = key2;
    table[first + 3] = key3;
    for (let id = 0; id < SHORT_IDS; id++) table[first + SHORT_KEY_WORDS + id] = id < count ? output[at + id] : -1;
    if (count > SHORT_IDS) {
      table[first + SHORT_STRIDE - 1] = -count;
      for (let id = 0; id < count; id++) this.#many[2 * first + id] = output[at + id];
    }
    return count;
  }

  #copyShort(entry: number, output: Uint32Array, at: number): number {
    const table = this.short;
    if (table[entry + SHORT_STRIDE - 1] < -1) return this.copyMany(entry, output, at);
    let count = 0;
    while (count < SHORT_IDS && table[entry + SHORT_KEY_WORDS + count] >= 0) {
      output[at + count] = table[entry + SHORT_KEY_WORDS + count];
      count++;
    }
    return count;
  }

  #tradePlaces(first: number): void {
    const table = this.short;
    const second = first + TO_SECOND;
    if (table[first + SHORT_STRIDE - 1] < -1 || table[second + SHORT_STRIDE - 1] < -1) {
      swap(this.#many, 2 * first, 2 * second, 2 * SHORT_STRIDE);
    }
    swap(table, first, second, SHORT_STRIDE);
  }

  #encodeLong(bytes: Uint8Array, view: DataView, start: number, end: number, output: Uint32Array, at: number): number {
    const length = end - start;
    if (length > LONG_BYTES) return this.#merger.merge(bytes, start, end, output, at);
    const words = this.#words;
    const wordCount = (length + 3) >> 2;
    let hash = length;
    for (let index = 0; index < wordCount; index++) {
      const word = wordAt(view, start + 4 * index, length - 4 * index);
      words[index] = word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const table = this.#long;
    const first = (Math.imul(hash, 0x85ebca6b) >>> (32 - LONG_BUCKET_BITS)) * 2 * LONG_STRIDE;
    for (let entry = first; entry <= first + LONG_STRIDE; entry += LONG_STRIDE) {
      if (table[entry + LONG_KEY_WORDS] !== length) continue;
      let index = 0;
      while (index < wordCount && table[entry + index] === words[index]) index++;
      if (index < wordCount) continue;
      const count = table[entry + LONG_KEY_WORDS + 1];
      for (let id = 0; id < count; id++) output[at + id] = table[entry + LONG_KEY_WORDS + 2 + id];
      return count;
    }
    const count = this.#merger.merge(bytes, start, end, output, at);
    if (count <= LONG_IDS) {
      table.copyWithin(first + LONG_STRIDE, first, first + LONG_STRIDE);
      for (let index = 0; index < wordCount; index++) table[first + index] = words[index];
      table[first + LONG_KEY_WORDS] = length;
      table[first + LONG_KEY_WORDS + 1] = count;
      for (let id = 0; id < count; id++) table[first + LONG_KEY_WORDS + 2 + id] = output[at + id];
    }
    return count;
  }
}

/** A word of a key, of which `length` bytes (perhaps more than four, never none) belong to the pre-token. */
function wordAt(view: DataView, position: number, length: number): number {
  const word = view.getInt32(position, true);
  return length < 4 ? word & ((1 << (8 * length)) - 1) : word;
}

function swap(table: Int32Array, first: number, second: number, length: number): void {
  for (let index = 0; index < length; index++) {
    const kept = table[first + index];
    table[first + index] = table[second + index];
    table[second + index] = kept;
  }
}
