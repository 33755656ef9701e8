/**
 * Finds special tokens in UTF-8 bytes: the leftmost, and of those that begin there the longest. Special tokens are hard
 * borders: no pre-token and no merge crosses one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const special = new SpecialTokenFinder(["<|end|>", "<|end|><|end|>"]);
 * const bytes = new TextEncoder().encode("a<|end|><|end|>b");
 * assertEquals(special.find(bytes, 0, bytes.length), 1);
 * assertEquals([special.matchIndex, special.matchLength], [1, 14]);
 * ```
 */
export class SpecialTokenFinder {
  /** Length in bytes of the longest special token; 0 without any. */
  readonly maxLength: number;
  /** Index, in the list given to the constructor, of the token that {@linkcode find} found last. */
  matchIndex: number = -1;
  /** Length in bytes of the token that {@linkcode find} found last. */
  matchLength: number = 0;

  readonly #tokens: readonly Uint8Array[];
  /** Indices of the tokens that begin with each byte, the longest first. */
  readonly #byFirstByte: readonly (readonly number[])[];
  readonly #isFirstByte = new Uint8Array(256);
  readonly #onlyFirstByte: number;

  /**
   * Prepares the search for some special tokens.
   *
   * @param specialTokens Each once, none empty, well-formed Unicode.
   * @throws {RangeError} If one is empty, repeated or has a lone surrogate.
   */
  constructor(specialTokens: readonly string[]) {
    const seen = new Set<string>();
    for (const token of specialTokens) {
      checkSpecialToken(token, seen.has(token));
      seen.add(token);
    }
    const encoder = new TextEncoder();
    this.#tokens = specialTokens.map((token) => encoder.encode(token));
    this.maxLength = this.#tokens.reduce((longest, token) => Math.max(longest, token.length), 0);
    const byFirstByte: number[][] = Array.from({ length: 256 }, () => []);
    for (const [index, token] of this.#tokens.entries()) {
      byFirstByte[token[0]].push(index);
      this.#isFirstByte[token[0]] = 1;
    }
    for (const indices of byFirstByte) indices.sort((a, b) => this.#tokens[b].length - this.#tokens[a].length);
    this.#byFirstByte = byFirstByte;
    const firstBytes = new Set(this.#tokens.map((token) => token[0]));
    this.#onlyFirstByte = firstBytes.size === 1 ? this.#tokens[0][0] : -1;
  }

  /**
   * The position of the first special token that lies within `[start, end)`, or -1. Sets {@linkcode matchIndex} and
   * {@linkcode matchLength}.
   *
   * @param bytes UTF-8 text.
   * @param start Where to begin.
   * @param end Where the text ends; a token has to end there or before.
   */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (this.maxLength === 0) return -1;
    for (let position = this.#nextFirstByte(bytes, start, end); position < end;) {
      for (const index of this.#byFirstByte[bytes[position]]) {
        const token = this.#tokens[index];
        if (position + token.length <= end && isPrefixAt(bytes, position, token, token.length)) {
          this.matchIndex = index;
          this.matchLength = token.length;
          return position;
        }
      }
      position = this.#nextFirstByte(bytes, position + 1, end);
    }
    return -1;
  }

  /**
   * The first position in `[start, end]` from which text that is still to come could make a special token, or a longer
   * one: the bytes from there to `end` are the beginning of one. It is `end` where there is none. What {@linkcode find}
   * finds before this position stays true whatever follows.
   *
   * @param bytes UTF-8 text, more of which is to come.
   * @param start Where to begin.
   * @param end Where the text ends for now.
   */
  undecidedFrom(bytes: Uint8Array, start: number, end: number): number {
    const first = Math.max(start, end - this.maxLength + 1);
    for (let position = first; position < end; position++) {
      for (const index of this.#byFirstByte[bytes[position]]) {
        const token = this.#tokens[index];
        if (position + token.length > end && isPrefixAt(bytes, position, token, end - position)) return position;
      }
    }
    return end;
  }

  /**
   * Whether a special token, wherever it begins, has bytes on both sides of a position. Text cut where none does is
   * split at the same special tokens as the whole. Looks at `maxLength - 1` bytes on each side, within `[start, end)`.
   *
   * @param bytes UTF-8 text.
   * @param position Between `start` and `end`.
   * @param start Where the text begins.
   * @param end Where the text ends.
   */
  covers(bytes: Uint8Array, position: number, start: number, end: number): boolean {
    for (let from = Math.max(start, position - this.maxLength + 1); from < position; from++) {
      for (const index of this.#byFirstByte[bytes[from]]) {
        const after = from + this.#tokens[index].length;
        if (after > position && after <= end && isPrefixAt(bytes, from, this.#tokens[index], after - from)) return true;
      }
    }
    return false;
  }

  #nextFirstByte(bytes: Uint8Array, start: number, end: number): number {
    const only = this.#onlyFirstByte;
    let position = start;
    if (only >= 0) {
      while (position < end && bytes[position] !== only) position++;
    } else {
      const isFirstByte = this.#isFirstByte;
      while (position < end && isFirstByte[bytes[position]] === 0) position++;
    }
    return position;
  }
}

function checkSpecialToken(token: string, isRepeated: boolean): void {
  const problem = token === ""
    ? "is empty; leave it out"
    : isRepeated
    ? "is given twice; give it once"
    : !token.isWellFormed()
    ? "has a lone surrogate, which UTF-8 cannot hold; use well-formed Unicode"
    : undefined;
  if (problem !== undefined) throw new RangeError(`Cannot use special token ${JSON.stringify(token)}: it ${problem}`);
}

/** Whether the first `length` bytes of `token` stand at `position`; the caller has made sure that there are as many. */
function isPrefixAt(bytes: Uint8Array, position: number, token: Uint8Array, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[position + index] !== token[index]) return false;
  return true;
}
