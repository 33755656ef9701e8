import { asciiStarts } from "./ascii_starts.ts";
import type { IdBuffer } from "./id_buffer.ts";
import { KEY_BYTES } from "./key_masks.ts";
import { PretokenMerger } from "./merge_pretoken.ts";
import { MergeTable, type MergeTableParts } from "./merge_table.ts";
import { CACHE_PADDING, PretokenCache } from "./pretoken_cache.ts";
import { endOfWholeCharacters, isBeforeNonAscii, pretokenEnd, UNDECIDED } from "./pretokenize.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";

const APOSTROPHE = 0x27;

/** Starts of pre-tokens that are found before they are encoded. */
const STARTS = 1024;
/** Starts are looked for in so many bytes at a time. */
const WINDOW = 8;

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
  readonly #starts = new Int32Array(STARTS);

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
    while (position < limit) {
      const startCount = asciiStarts(view, position, limit - KEY_BYTES - WINDOW, this.#starts);
      position = this.#encodeStarts(bytes, view, position, limit, startCount, output);
      do {
        const next = pretokenEnd(bytes, position, limit, isFinal);
        if (next === UNDECIDED) return position;
        this.#cache.encode(bytes, view, position, next, output);
        position = next;
      } while (isBeforeNonAscii(bytes, position, limit));
    }
    return position;
  }

  /**
   * Encodes the pre-tokens from `start` to the last of the first `startCount` starts.
   *
   * @returns Where the first pre-token begins that is not encoded.
   */
  #encodeStarts(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    limit: number,
    startCount: number,
    output: IdBuffer,
  ): number {
    const starts = this.#starts;
    let position = start;
    let index = startCount > 0 && starts[0] === start ? 1 : 0;
    while (index < startCount) {
      const stop = this.#cache.encodeRemembered(view, position, starts, index, startCount, output);
      if (stop > index) position = starts[stop - 1];
      if (stop === startCount) return position;
      // It is not remembered, or perhaps a contraction: then it ends behind the start that was found.
      const end = bytes[position] === APOSTROPHE ? pretokenEnd(bytes, position, limit, true) : starts[stop];
      this.#cache.encode(bytes, view, position, end, output);
      position = end;
      index = stop + 1;
      while (index < startCount && starts[index] <= position) index++;
    }
    return position;
  }
}
