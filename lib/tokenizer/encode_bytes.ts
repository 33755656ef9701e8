import { asciiPretokenLength, asciiRunLength, classesOf } from "./ascii_pretoken.ts";
import type { IdBuffer } from "./id_buffer.ts";
import { HIGH_MASK, LOW_MASK } from "./key_masks.ts";
import { PretokenMerger } from "./merge_pretoken.ts";
import { MergeTable, type MergeTableParts } from "./merge_table.ts";
import { CACHE_PADDING, PretokenCache, shortEntryOf } from "./pretoken_cache.ts";
import { endOfWholeCharacters, pretokenEnd, UNDECIDED } from "./pretokenize.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";

/** The loop over known pre-tokens reads this many bytes of each, and writes at most as many ids. */
const LOOK_AHEAD = 16;

/** A {@linkcode ByteEncoder} needs this many bytes after the text in the buffer that holds it. */
export const ENCODER_PADDING: number = CACHE_PADDING;

/** What a {@linkcode ByteEncoder} is made of; a Worker builds the same encoder from it. */
export interface EncoderParts {
  /** The merges. */
  merges: MergeTableParts;
  /** The special tokens and their ids. */
  specialTokens: ReadonlyMap<string, number>;
}

/** Encodes UTF-8 bytes, well-formed or not, to token ids: special tokens, then pre-tokens, then merges. */
export class ByteEncoder {
  /** Finds the special tokens. */
  readonly specialTokens: SpecialTokenFinder;
  readonly #specialIds: Uint32Array;
  readonly #cache: PretokenCache;

  /** Builds the encoder with an empty cache. */
  constructor({ merges, specialTokens }: EncoderParts) {
    this.specialTokens = new SpecialTokenFinder([...specialTokens.keys()]);
    this.#specialIds = Uint32Array.from(specialTokens.values());
    this.#cache = new PretokenCache(new PretokenMerger(new MergeTable(merges)));
  }

  /**
   * Encodes `bytes[start..end)` with special tokens and appends the ids to `output`.
   *
   * @param bytes Has {@linkcode ENCODER_PADDING} bytes after `end`, whatever they are.
   * @param isFinal Whether the text ends at `end`. If not, what later bytes may change is left.
   * @returns The position up to which the text is encoded; from there on the caller offers it again.
   */
  encode(bytes: Uint8Array, start: number, end: number, isFinal: boolean, output: IdBuffer): number {
    let position = start;
    for (;;) {
      const undecided = isFinal ? end : this.specialTokens.undecidedFrom(bytes, position, end);
      const match = this.specialTokens.find(bytes, position, end);
      if (match < 0 || match >= undecided) {
        return this.encodeOrdinary(bytes, position, undecided, isFinal, output);
      }
      this.encodeOrdinary(bytes, position, match, true, output);
      output.push(this.#specialIds[this.specialTokens.matchIndex]);
      position = match + this.specialTokens.matchLength;
    }
  }

  /** Does the same as {@linkcode encode} without special tokens: their text is encoded like any other. */
  encodeOrdinary(bytes: Uint8Array, start: number, end: number, isFinal: boolean, output: IdBuffer): number {
    const limit = isFinal ? end : endOfWholeCharacters(bytes, start, end);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let position = start;
    for (;;) {
      position = this.#encodeKnown(view, position, limit - LOOK_AHEAD, output);
      if (position >= limit) return position;
      const next = pretokenEnd(bytes, position, limit, isFinal);
      if (next === UNDECIDED) return position;
      output.reserve(next - position + LOOK_AHEAD);
      output.length += this.#cache.encode(bytes, view, position, next, output.ids, output.length);
      position = next;
    }
  }

  // What encoding spends its time in: one turn for each pre-token, and hardly a branch that depends on the text. The bytes
  // that were classified serve as the key for the cache too.
  /**
   * Encodes pre-tokens from `start` on as long as each is of up to 15 ASCII characters, ends before another one, is no
   * apostrophe before a letter (it may be a contraction), and stands in the first place of its bucket in the cache.
   *
   * @param last The last position to begin at: from there on, {@linkcode LOOK_AHEAD} bytes of text are left.
   * @returns Where the first pre-token begins that is not encoded.
   */
  #encodeKnown(view: DataView, start: number, last: number, output: IdBuffer): number {
    const cache = this.#cache;
    const table = cache.short;
    const ids = output.ids;
    const room = ids.length - LOOK_AHEAD;
    let count = output.length;
    let position = start;
    while (position <= last && count <= room) {
      let key0 = view.getInt32(position, true);
      let key1 = view.getInt32(position + 4, true);
      let key2 = 0;
      let key3 = 0;
      const classes = classesOf(key0, key1);
      let length = asciiPretokenLength(key0 & 0xff, classes);
      if (length === 0) break;
      if (length < 8) {
        key0 &= LOW_MASK[length];
        key1 &= HIGH_MASK[length];
      } else {
        key2 = view.getInt32(position + 8, true);
        key3 = view.getInt32(position + 12, true);
        const more = asciiRunLength(classesOf(key2, key3), classes >>> 28);
        if (more < 0) break;
        key2 &= LOW_MASK[more];
        key3 &= HIGH_MASK[more];
        length += more;
      }
      const entry = shortEntryOf(key0, key1, key2, key3);
      const isOther = (table[entry] ^ key0) | (table[entry + 1] ^ key1) | (table[entry + 2] ^ key2) |
        (table[entry + 3] ^ key3);
      if (isOther !== 0) break;
      // All four ids are written; those that are none, being negative, do not count.
      const second = table[entry + 5];
      const third = table[entry + 6];
      const fourth = table[entry + 7];
      ids[count] = table[entry + 4];
      ids[count + 1] = second;
      ids[count + 2] = third;
      ids[count + 3] = fourth;
      count += fourth < -1 ? cache.copyMany(entry, ids, count) : 4 + (second >> 31) + (third >> 31) + (fourth >> 31);
      position += length;
    }
    output.length = count;
    return position;
  }
}
