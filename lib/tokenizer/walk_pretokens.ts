import { asciiStarts } from "./ascii_starts.ts";
import { KEY_BYTES } from "./key_masks.ts";
import { endOfWholeCharacters, isBeforeNonAscii, pretokenEnd, UNDECIDED } from "./pretokenize.ts";

const APOSTROPHE = 0x27;

/** Starts of pre-tokens that are found before they are taken. */
const STARTS = 1024;
/** Bytes in which starts are looked for at a time. */
const WINDOW = 8;

/** Takes pre-tokens one after the other: encodes them, or counts them. */
export interface PretokenTaker {
  /**
   * Takes ASCII pre-tokens without NUL as long as it knows them and takes them fast. An apostrophe alone is always
   * left: it may begin a contraction.
   *
   * @param view Has {@linkcode KEY_BYTES} bytes from each start on.
   * @param position Where the first pre-token begins.
   * @param ends Where each ends and the next one begins.
   * @param first The index in `ends` of the first pre-token's end.
   * @param last The index in `ends` after that of the last one's.
   * @returns The index in `ends` of the end of the first that is left; `last` if none is.
   */
  takeKnown(view: DataView, position: number, ends: Int32Array, first: number, last: number): number;
  /** Takes the pre-token `bytes[start..end)`, whatever it is; `view` is the same memory. */
  take(bytes: Uint8Array, view: DataView, start: number, end: number): void;
}

/** Gives the pre-tokens of a text to a {@linkcode PretokenTaker}. */
export class PretokenWalk {
  readonly #taker: PretokenTaker;
  readonly #starts = new Int32Array(STARTS);

  /** Gives them to one taker. */
  constructor(taker: PretokenTaker) {
    this.#taker = taker;
  }

  /**
   * Walks through `bytes[start..end)`.
   *
   * @param view The same memory as `bytes`.
   * @param start Where a pre-token begins.
   * @param isFinal Whether the text ends at `end`. If not, what later bytes may change is left.
   * @returns Where the first pre-token begins that was left: the caller offers it again.
   */
  run(bytes: Uint8Array, view: DataView, start: number, end: number, isFinal: boolean): number {
    const limit = isFinal ? end : endOfWholeCharacters(bytes, start, end);
    let position = start;
    while (position < limit) {
      const startCount = asciiStarts(view, position, limit - KEY_BYTES - WINDOW, this.#starts);
      position = this.#takeBetween(bytes, view, position, limit, startCount);
      do {
        const next = pretokenEnd(bytes, position, limit, isFinal);
        if (next === UNDECIDED) return position;
        this.#taker.take(bytes, view, position, next);
        position = next;
      } while (isBeforeNonAscii(bytes, position, limit));
    }
    return position;
  }

  /** Takes the pre-tokens from `start` to the last of the first `startCount` starts; gives where that is. */
  #takeBetween(bytes: Uint8Array, view: DataView, start: number, limit: number, startCount: number): number {
    const starts = this.#starts;
    const taker = this.#taker;
    let position = start;
    let index = startCount > 0 && starts[0] === start ? 1 : 0;
    while (index < startCount) {
      const stop = taker.takeKnown(view, position, starts, index, startCount);
      if (stop > index) position = starts[stop - 1];
      if (stop === startCount) return position;
      // It is not known, or perhaps a contraction: then it ends behind the start that was found.
      const end = bytes[position] === APOSTROPHE ? pretokenEnd(bytes, position, limit, true) : starts[stop];
      taker.take(bytes, view, position, end);
      position = end;
      index = stop + 1;
      while (index < startCount && starts[index] <= position) index++;
    }
    return position;
  }
}
