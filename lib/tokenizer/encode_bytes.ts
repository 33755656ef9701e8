import { BYTE_CLASSES, NOT_ASCII, WHITE_SPACE } from "./character_classes.ts";
import type { IdBuffer } from "./id_buffer.ts";
import { PretokenMerger } from "./merge_pretoken.ts";
import { MergeTable, type MergeTableParts } from "./merge_table.ts";
import { CACHE_PADDING, PretokenCache } from "./pretoken_cache.ts";
import { scanPretokens } from "./pretokenize.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";

const SPACE = 0x20;
const APOSTROPHE = 0x27;
const ALL_LETTERS = 0x80808080 | 0;
/** The fast path looks at this many bytes at most, and writes as many ids. */
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
  readonly #oneEnd = new Uint32Array(1);

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
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const cache = this.#cache;
    const oneEnd = this.#oneEnd;
    const fastEnd = end - LOOK_AHEAD;
    let ids = output.ids;
    let count = output.length;
    let position = start;
    while (position < end) {
      if (count + LOOK_AHEAD > ids.length) {
        output.length = count;
        output.reserve(LOOK_AHEAD);
        ids = output.ids;
      }
      let next = -1;
      if (position < fastEnd) {
        // Most pre-tokens are up to 15 ASCII letters, or a space and 14, before another ASCII character. Four bytes at a
        // time are tested for letters, and what was tested is the key for the cache.
        let key0 = view.getInt32(position, true);
        let key1 = 0;
        let key2 = 0;
        let key3 = 0;
        let letters = lettersIn(key0);
        if ((key0 & 0xff) === SPACE) letters |= 0x80;
        let length = 0;
        if (letters !== ALL_LETTERS) {
          length = countBefore(letters);
          key0 &= (1 << (8 * length)) - 1;
        } else if ((letters = lettersIn(key1 = view.getInt32(position + 4, true))) !== ALL_LETTERS) {
          length = 4 + countBefore(letters);
          key1 &= (1 << (8 * length)) - 1;
        } else if ((letters = lettersIn(key2 = view.getInt32(position + 8, true))) !== ALL_LETTERS) {
          length = 8 + countBefore(letters);
          key2 &= (1 << (8 * length)) - 1;
        } else if ((letters = lettersIn(key3 = view.getInt32(position + 12, true))) !== ALL_LETTERS) {
          length = 12 + countBefore(letters);
          key3 &= (1 << (8 * length)) - 1;
        }
        next = position + length;
        if (length > 0 && bytes[next] < 0x80 && (length > 1 || key0 !== SPACE)) {
          count += length <= 8
            ? cache.encodeSmall(bytes, view, position, next, key0, key1, ids, count)
            : cache.encodeMedium(bytes, view, position, next, key0, key1, key2, key3, ids, count);
          position = next;
          continue;
        }
        next = asciiRunEnd(bytes, position, end);
      }
      if (next < 0) {
        if (scanPretokens(bytes, position, end, isFinal, oneEnd) === 0) break;
        next = oneEnd[0];
      }
      if (count + next - position > ids.length) {
        output.length = count;
        output.reserve(next - position);
        ids = output.ids;
      }
      count += cache.encode(bytes, view, position, next, ids, count);
      position = next;
    }
    output.length = count;
    return position;
  }
}

/** The high bit of each byte of a word that is an ASCII letter. */
function lettersIn(word: number): number {
  // Of the lower seven bits of the lower-case byte, 0x1f more reach bit 7 from "a" on, and 5 more from "{" on.
  const lower = word | 0x20202020;
  const bits = lower & 0x7f7f7f7f;
  return ((bits + 0x1f1f1f1f) | 0) & ~((bits + 0x05050505) | 0) & ~lower & ALL_LETTERS;
}

/** How many bytes come before the first one whose high bit in `mask` is clear; not all are set. */
function countBefore(mask: number): number {
  const clear = ~mask & ALL_LETTERS;
  return (31 - Math.clz32(clear & -clear)) >> 3;
}

/**
 * Where the pre-token at `position` ends, if it is a run of ASCII characters that another ASCII character before `end`
 * ends, and no contraction can be in it; else -1.
 */
function asciiRunEnd(bytes: Uint8Array, position: number, end: number): number {
  const first = bytes[position];
  if (first === APOSTROPHE) return -1;
  let next = position + 1;
  const kind = BYTE_CLASSES[first === SPACE ? bytes[next++] : first];
  if (kind === NOT_ASCII) return -1;
  while (next < end && BYTE_CLASSES[bytes[next]] === kind) next++;
  if (next >= end || bytes[next] >= 0x80) return -1;
  // `\s+(?!\S)`: a run of white space before something else leaves out its last character.
  return kind === WHITE_SPACE && next - position > 1 ? next - 1 : next;
}
