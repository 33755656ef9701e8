import type { IdBuffer } from "./id_buffer.ts";
import { PretokenMerger } from "./merge_pretoken.ts";
import { MergeTable, type MergeTableParts } from "./merge_table.ts";
import { CACHE_PADDING, PretokenCache } from "./pretoken_cache.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import { PretokenWalk } from "./walk_pretokens.ts";

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
  readonly #walk: PretokenWalk;

  /** Builds the encoder with an empty cache. */
  constructor({ merges, specialTokens }: EncoderParts) {
    this.specialTokens = new SpecialTokenFinder([...specialTokens.keys()]);
    this.#specialIds = Uint32Array.from(specialTokens.values());
    this.#cache = new PretokenCache(new PretokenMerger(new MergeTable(merges)));
    this.#walk = new PretokenWalk(this.#cache);
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
    this.#cache.output = output;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#walk.run(bytes, view, start, end, isFinal);
  }
}
