import type { PretokenMerger } from "./merge_pretoken.ts";

/** A small entry's four numbers: the key in two, its length with the first id, and the second id or -1. */
const SMALL_STRIDE = 4;
const SMALL_KEY_BYTES = 8;
const SMALL_IDS = 2;
/** 2^15 buckets of two entries of 16 bytes: 1 MiB. */
const SMALL_BUCKET_BITS = 15;
const LENGTH_SHIFT = 27;
const ID_MASK = (1 << LENGTH_SHIFT) - 1;

/** A medium entry's eight numbers: the key (15 bytes and its length) in four, and the ids, -1 after the last. */
const MEDIUM_STRIDE = 8;
const MEDIUM_KEY_BYTES = 15;
const MEDIUM_IDS = 4;
/** 2^16 buckets of two entries of 32 bytes: 4 MiB. */
const MEDIUM_BUCKET_BITS = 16;

/** A long entry's numbers: the key in sixteen, its length in bytes, how many ids, and the ids. */
const LONG_KEY_WORDS = 16;
const LONG_KEY_BYTES = 4 * LONG_KEY_WORDS;
const LONG_STRIDE = 32;
const LONG_IDS = LONG_STRIDE - LONG_KEY_WORDS - 2;
/** 2^12 buckets of two entries of 128 bytes: 1 MiB. */
const LONG_BUCKET_BITS = 12;

/** Keys are read in words of four bytes: a view needs this many bytes after the end of the last pre-token. */
export const CACHE_PADDING = 4;

/**
 * Remembers the ids of pre-tokens, so that each is merged once while text goes on using it. The memory is fixed: three
 * tables of buckets of two entries, for pre-tokens of up to 8 bytes and 2 ids (most, and small enough for a processor's
 * own cache), of up to 15 bytes and 4 ids, of up to 64 bytes and 14 ids. A newcomer takes the first place of its bucket
 * and moves the entry there to the second, so what is used again and again comes back and what was seen once goes.
 * Anything longer is merged each time.
 *
 * Every method writes the ids of the pre-token `bytes[start..end)` into `output` from index `at` on, at most one a byte,
 * and returns how many. `bytes` and `view` are the same memory, with {@linkcode CACHE_PADDING} bytes more after `end`,
 * whatever they are. Keys are the pre-token's bytes, little-endian, four to a word, zero after its end.
 */
export class PretokenCache {
  readonly #merger: PretokenMerger;
  readonly #small = new Int32Array(SMALL_STRIDE << (SMALL_BUCKET_BITS + 1));
  readonly #medium = new Int32Array(MEDIUM_STRIDE << (MEDIUM_BUCKET_BITS + 1));
  readonly #long = new Int32Array(LONG_STRIDE << (LONG_BUCKET_BITS + 1));
  readonly #words = new Int32Array(LONG_KEY_WORDS);

  /**
   * Begins empty.
   *
   * @param merger Encodes the pre-tokens that are not remembered.
   */
  constructor(merger: PretokenMerger) {
    this.#merger = merger;
  }

  /** Encodes any pre-token. */
  encode(bytes: Uint8Array, view: DataView, start: number, end: number, output: Uint32Array, at: number): number {
    const length = end - start;
    if (length > MEDIUM_KEY_BYTES) return this.#encodeLong(bytes, view, start, end, output, at);
    const key0 = wordAt(view, start, length);
    const key1 = length > 4 ? wordAt(view, start + 4, length - 4) : 0;
    if (length <= SMALL_KEY_BYTES) return this.encodeSmall(bytes, view, start, end, key0, key1, output, at);
    const key2 = wordAt(view, start + 8, length - 8);
    const key3 = length > 12 ? wordAt(view, start + 12, length - 12) : 0;
    return this.encodeMedium(bytes, view, start, end, key0, key1, key2, key3, output, at);
  }

  // The next method is what the encoder's time goes into: kept so short that the compiler inlines it, with the miss apart.
  /** Encodes a pre-token of up to 8 bytes whose key the caller has at hand. */
  encodeSmall(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    key0: number,
    key1: number,
    output: Uint32Array,
    at: number,
  ): number {
    const table = this.#small;
    const length = end - start;
    let hash = Math.imul(key0, 0x9e3779b1) ^ Math.imul(key1, 0x85ebca6b);
    hash ^= hash >>> 15;
    let entry = (Math.imul(hash, 0x27d4eb2f) >>> (32 - SMALL_BUCKET_BITS)) * 2 * SMALL_STRIDE;
    let packed = table[entry + 2];
    if (table[entry] !== key0 || table[entry + 1] !== key1 || packed >> LENGTH_SHIFT !== length) {
      entry += SMALL_STRIDE;
      packed = table[entry + 2];
      if (table[entry] !== key0 || table[entry + 1] !== key1 || packed >> LENGTH_SHIFT !== length) {
        return this.#missSmall(bytes, view, start, end, key0, key1, output, at, entry - SMALL_STRIDE);
      }
    }
    output[at] = packed & ID_MASK;
    const second = table[entry + 3];
    if (second < 0) return 1;
    output[at + 1] = second;
    return 2;
  }

  /** Encodes a pre-token of up to 15 bytes whose key the caller has at hand. */
  encodeMedium(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    key0: number,
    key1: number,
    key2: number,
    key3: number,
    output: Uint32Array,
    at: number,
  ): number {
    const table = this.#medium;
    const last = key3 | (end - start) << 24;
    let hash = Math.imul(key0, 0x9e3779b1) ^ Math.imul(key1, 0x85ebca6b) ^ Math.imul(key2, 0xc2b2ae35) ^ last;
    hash ^= hash >>> 15;
    const first = (Math.imul(hash, 0x27d4eb2f) >>> (32 - MEDIUM_BUCKET_BITS)) * 2 * MEDIUM_STRIDE;
    for (let entry = first; entry <= first + MEDIUM_STRIDE; entry += MEDIUM_STRIDE) {
      if (
        table[entry] === key0 && table[entry + 1] === key1 && table[entry + 2] === key2 && table[entry + 3] === last
      ) {
        output[at] = table[entry + 4];
        let count = 1;
        while (count < MEDIUM_IDS && table[entry + 4 + count] >= 0) {
          output[at + count] = table[entry + 4 + count];
          count++;
        }
        return count;
      }
    }
    const count = this.#encodeLong(bytes, view, start, end, output, at);
    if (count <= MEDIUM_IDS) {
      table.copyWithin(first + MEDIUM_STRIDE, first, first + MEDIUM_STRIDE);
      table[first] = key0;
      table[first + 1] = key1;
      table[first + 2] = key2;
      table[first + 3] = last;
      for (let id = 0; id < MEDIUM_IDS; id++) table[first + 4 + id] = id < count ? output[at + id] : -1;
    }
    return count;
  }

  #missSmall(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    key0: number,
    key1: number,
    output: Uint32Array,
    at: number,
    first: number,
  ): number {
    const count = this.encodeMedium(bytes, view, start, end, key0, key1, 0, 0, output, at);
    if (count <= SMALL_IDS) {
      const table = this.#small;
      table.copyWithin(first + SMALL_STRIDE, first, first + SMALL_STRIDE);
      table[first] = key0;
      table[first + 1] = key1;
      table[first + 2] = (end - start) << LENGTH_SHIFT | output[at];
      table[first + 3] = count === 2 ? output[at + 1] : -1;
    }
    return count;
  }

  #encodeLong(bytes: Uint8Array, view: DataView, start: number, end: number, output: Uint32Array, at: number): number {
    const length = end - start;
    if (length > LONG_KEY_BYTES) return this.#merger.merge(bytes, start, end, output, at);
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
    // What a table of shorter entries will hold needs no place here.
    if (count <= LONG_IDS && (length > MEDIUM_KEY_BYTES || count > MEDIUM_IDS)) {
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
