import { OTHER, WHITE_SPACE } from "./character_classes.ts";
import { characterAt } from "./pretokenize.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

const APOSTROPHE = 0x27;
const LONGEST_CHARACTER = 4;

/**
 * How many bytes on each side of a position decide whether text may be cut there: whole characters, and the special
 * tokens that could lie across.
 */
export function cutContext(special: SpecialTokenFinder): number {
  return Math.max(LONGEST_CHARACTER, special.maxLength);
}

/**
 * The first position in `[from, end - cutContext]` where text can be cut so that its two sides, each pre-tokenized as
 * a text of its own, have the pre-tokens of the whole; -1 where there is none.
 *
 * Such a position lies between two characters of different classes of which the first is neither white space nor an
 * apostrophe, where no special token has bytes on both sides. Proof: a pre-token holds characters of two classes only
 * when it begins with a space or an apostrophe, so one ends here, and all pre-tokens before it end where they would if
 * the text did; the scanner never looks back, so those behind it do not change either. (After white space the cut would
 * hide from `\s+(?!\S)` what follows; after an apostrophe it could part a contraction.) A file with no special token,
 * or of one line, has such positions too: every space after a word is one.
 *
 * @param bytes UTF-8 text, well-formed or not, of which at least `cutContext` bytes before `from` are there unless the
 * text begins at `start`.
 */
export function firstSafeCut(
  bytes: Uint8Array,
  from: number,
  start: number,
  end: number,
  special: SpecialTokenFinder,
): number {
  const last = end - cutContext(special);
  for (let position = from; position <= last; position++) {
    if (isSafeCut(bytes, position, start, end, special)) return position;
  }
  return -1;
}

/** The last position in `[from, end - cutContext]` where text can be cut as in {@linkcode firstSafeCut}; or -1. */
export function lastSafeCut(
  bytes: Uint8Array,
  from: number,
  start: number,
  end: number,
  special: SpecialTokenFinder,
): number {
  for (let position = end - cutContext(special); position >= from; position--) {
    if (isSafeCut(bytes, position, start, end, special)) return position;
  }
  return -1;
}

function isSafeCut(
  bytes: Uint8Array,
  position: number,
  start: number,
  end: number,
  special: SpecialTokenFinder,
): boolean {
  // A byte of the form 10xxxxxx may lie inside a character; any other begins one.
  if (position <= start || (bytes[position] & 0xc0) === 0x80 || bytes[position - 1] === APOSTROPHE) return false;
  const before = classBefore(bytes, position, start);
  if (before === WHITE_SPACE || before === (characterAt(bytes, position, end) & 7)) return false;
  return !special.covers(bytes, position, start, end);
}

/** The class of the character that ends at `position`, where another one begins. */
function classBefore(bytes: Uint8Array, position: number, start: number): number {
  let lead = position - 1;
  while (lead > start && lead > position - LONGEST_CHARACTER && (bytes[lead] & 0xc0) === 0x80) lead--;
  const character = characterAt(bytes, lead, position);
  return lead + (character >> 3) === position ? character & 7 : OTHER;
}
