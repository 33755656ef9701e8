import type { PretokenMerger } from "./merge_pretoken.ts";

/** A short entry's eight numbers: the key in four (15 bytes and the length), how many ids, and the ids. */
const SHORT_STRIDE = 8;
const SHORT_KEY_BYTES = 15;
const SHORT_IDS = 3;
/** 2^16 buckets of two entries of 32 bytes: 4 MiB. */
const SHORT_BUCKET_BITS = 16;

/** A long entry's numbers: the key in sixteen, its length in bytes, how many ids, and the ids. */
const LONG_KEY_WORDS = 16;
const LONG_KEY_BYTES = 4 * LONG_KEY_WORDS;
const LONG_STRIDE = 32;
const LONG_IDS = LONG_STRIDE - LONG_KEY_WORDS - 2;
/** 2^12 buckets of two entries of 128 bytes: 1 MiB. */
const LONG_BUCKET_BITS = 12;

/** Keys are read in words of four bytes: a view needs this many bytes after the end of the last pre-token. */
export const CACHE_PADDING = 4;

/** What is left of a word of four bytes when only the first 0 to 4 belong to the pre-token. */
const MASKS = new Int32Array([0, 0xff, 0xffff, 0xffffff, -1]);

/**
 * Remembers the ids of pre-tokens, so that each is merged once while text goes on using it. The memory is fixed: two
 * tables of buckets of two entries, one for pre-tokens of up to 15 bytes and 3 ids (nearly all), one for those of up to
 * 64 bytes and 14 ids. A newcomer takes the first place of its bucket and moves the entry there to the second, so what
 * is used again and again comes back and what was seen once goes. Anything longer is merged each time.
 */
export class PretokenCache {
  readonly #merger: PretokenMerger;
  readonly #short = new Int32Array(SHORT_STRIDE << (SHORT_BUCKET_BITS + 1));
  readonly #long = new Int32Array(LONG_STRIDE << (LONG_BUCKET_BITS + 1));
  readonly #words = new Int32Array(LONG_KEY_WORDS);

  /** @param merger Encodes the pre-tokens that are not remembered. */
  constructor(merger: PretokenMerger) {
    this.#merger = merger;
  }

  /**
   * Writes the ids of the pre-token `bytes[start..end)` into `output` from index `at` on, at most one a byte.
   *
   * @param bytes Holds {@linkcode CACHE_PADDING} bytes more after `end`, whatever they are.
   * @param view The same bytes.
   * @returns How many ids were written.
   */
  encode(bytes: Uint8Array, view: DataView, start: number, end: number, output: Uint32Array, at: number): number {
    const length = end - start;
    if (length > SHORT_KEY_BYTES) return this.#encodeLong(bytes, view, start, end, output, at);
    let key0 = view.getInt32(start, true);
    let key1 = 0;
    let key2 = 0;
    let key3 = length << 24;
    if (length <= 4) {
      key0 &= MASKS[length];
    } else if (length <= 8) {
      key1 = view.getInt32(start + 4, true) & MASKS[length - 4];
    } else {
      key1 = view.getInt32(start + 4, true);
      if (length <= 12) {
        key2 = view.getInt32(start + 8, true) & MASKS[length - 8];
      } else {
        key2 = view.getInt32(start + 8, true);
        key3 |= view.getInt32(start + 12, true) & MASKS[length - 12];
      }
    }
    const table = this.#short;
    const bucket = hashOf(key0, key1, key2, key3) >>> (32 - SHORT_BUCKET_BITS);
    let entry = bucket * 2 * SHORT_STRIDE;
    if (table[entry] !== key0 || table[entry + 1] !== key1 || table[entry + 2] !== key2 || table[entry + 3] !== key3) {
      entry += SHORT_STRIDE;
      if (
        table[entry] !== key0 || table[entry + 1] !== key1 || table[entry + 2] !== key2 || table[entry + 3] !== key3
      ) {
        const count = this.#encodeLong(bytes, view, start, end, output, at);
        if (count <= SHORT_IDS) {
          entry -= SHORT_STRIDE;
          table.copyWithin(entry + SHORT_STRIDE, entry, entry + SHORT_STRIDE);
          table[entry] = key0;
          table[entry + 1] = key1;
          table[entry + 2] = key2;
          table[entry + 3] = key3;
          table[entry + 4] = count;
          for (let index = 0; index < count; index++) table[entry + 5 + index] = output[at + index];
        }
        return count;
      }
    }
    const count = table[entry + 4];
    output[at] = table[entry + 5];
    if (count > 1) {
      output[at + 1] = table[entry + 6];
      if (count > 2) output[at + 2] = table[entry + 7];
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
      let word = view.getInt32(start + 4 * index, true);
      if (index === wordCount - 1) word &= MASKS[length - 4 * index];
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
    // What the table of short entries will hold needs no place here.
    if (count <= LONG_IDS && (length > SHORT_KEY_BYTES || count > SHORT_IDS)) {
      table.copyWithin(first + LONG_STRIDE, first, first + LONG_STRIDE);
      for (let index = 0; index < wordCount; index++) table[first + index] = words[index];
      table[first + LONG_KEY_WORDS] = length;
      table[first + LONG_KEY_WORDS + 1] = count;
      for (let id = 0; id < count; id++) table[first + LONG_KEY_WORDS + 2 + id] = output[at + id];
    }
    return count;
  }
}

function hashOf(key0: number, key1: number, key2: number, key3: number): number {
  let hash = Math.imul(key0, 0x9e3779b1) ^ Math.imul(key1, 0x85ebca6b) ^ Math.imul(key2, 0xc2b2ae35) ^ key3;
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x27d4eb2f);
}
