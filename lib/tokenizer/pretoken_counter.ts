import { PretokenCounts } from "./pretoken_counts.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";
import { PretokenWalk } from "./walk_pretokens.ts";

const FIRST_BUFFER = 1 << 20;
/** Reads the next bytes of a text into the buffer and gives their number; `null` at the end of the text. */
export type ReadInto = (buffer: Uint8Array) => number | null;

/** Counts the pre-tokens between special tokens, in text that is given as a whole or piece by piece. */
export class PretokenCounter {
  /** The counts so far. */
  readonly counts: PretokenCounts = new PretokenCounts();

  readonly #special: SpecialTokenFinder;
  readonly #walk = new PretokenWalk(this.counts);
  #buffer = new Uint8Array(0);

  /**
   * Starts with nothing counted.
   *
   * @param special The borders that no pre-token crosses; they are not counted themselves.
   */
  constructor(special: SpecialTokenFinder) {
    this.#special = special;
  }

  /** Counts a text that lies in memory. */
  countText(bytes: Uint8Array): void {
    this.#count(bytes, viewOf(bytes), 0, bytes.length, true);
  }

  /**
   * Counts a text that is read piece by piece, in a buffer of 1 MiB that doubles while a single pre-token (or special
   * token) fills more than half of it.
   */
  countReading(read: ReadInto): void {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(FIRST_BUFFER);
    let bytes = this.#buffer;
    let view = viewOf(bytes);
    let end = 0;
    for (;;) {
      const got = read(bytes.subarray(end));
      if (got === null) break;
      end += got;
      const rest = this.#count(bytes, view, 0, end, false);
      bytes.copyWithin(0, rest, end);
      end -= rest;
      if (end > bytes.length / 2) {
        bytes = new Uint8Array(bytes.buffer.transfer(2 * bytes.length));
        this.#buffer = bytes;
        view = viewOf(bytes);
      }
    }
    this.#count(bytes, view, 0, end, true);
  }

  /** Counts what is decided in `[start, end)` and gives the position from which nothing is. */
  #count(bytes: Uint8Array, view: DataView, start: number, end: number, isFinal: boolean): number {
    const special = this.#special;
    const limit = isFinal ? end : special.undecidedFrom(bytes, start, end);
    let position = start;
    for (;;) {
      const match = special.find(bytes, position, end);
      if (match < 0 || match >= limit) break;
      this.#walk.run(bytes, view, position, match, true);
      position = match + special.matchLength;
    }
    return this.#walk.run(bytes, view, position, limit, isFinal);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
