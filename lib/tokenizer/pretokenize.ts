import { BYTE_CLASSES, classOfCodePoint, OTHER, WHITE_SPACE } from "./character_classes.ts";

const SPACE = 0x20;
const APOSTROPHE = 0x27;

/** What {@linkcode pretokenEnd} gives when later text can still change where the pre-token ends. */
export const UNDECIDED: number = -1;

/**
 * Splits UTF-8 text into pre-tokens by the GPT-2 pattern (Radford et al., 2019; handout section 2.4),
 * `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, and writes the position after each into
 * `ends`: the first pre-token begins at `start`, each other one where the one before it ends. Nothing is allocated.
 *
 * `\s` is Unicode White_Space, as in Python's `regex` and in tiktoken (U+0085 is in it, U+FEFF is not). A byte that is
 * part of no well-formed character (Unicode, table 3-7) counts as one character of the class `[^\s\p{L}\p{N}]`, so bad
 * bytes join each other, punctuation and a space before them, and never letters, numbers or the bytes of a good
 * character.
 *
 * The call stops when `ends` is full or when nothing further is decided; the caller goes on from the last end. With
 * `isFinal`, `end` is the end of the text and everything up to it is decided. Without, more text is to come: what it
 * could still change is left out, and the caller offers it again, joined to what follows. Text in pieces of any size
 * gives the same pre-tokens as the whole.
 *
 * @param bytes UTF-8 text, well-formed or not.
 * @param start Where a pre-token begins.
 * @param end After the last byte to look at.
 * @param isFinal Whether the text ends at `end` (its end, or a special token).
 * @param ends Receives positions in `bytes`.
 * @returns How many positions were written. Fewer than `ends.length` means that all that is decided was written.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = new TextEncoder().encode("it's  12 o'clock");
 * const ends = new Uint32Array(16);
 * const count = scanPretokens(bytes, 0, bytes.length, true, ends);
 * assertEquals([...ends.subarray(0, count)], [2, 4, 5, 8, 10, 11, 16]); // it|'s| | 12| o|'|clock
 * ```
 */
export function scanPretokens(
  bytes: Uint8Array,
  start: number,
  end: number,
  isFinal: boolean,
  ends: Uint32Array,
): number {
  const limit = isFinal ? end : endOfWholeCharacters(bytes, start, end);
  const capacity = ends.length;
  let position = start;
  let count = 0;
  while (position < limit && count < capacity) {
    position = pretokenEnd(bytes, position, limit, isFinal);
    if (position === UNDECIDED) break;
    ends[count++] = position;
  }
  return count;
}

/**
 * Where the pre-token that begins at a position ends, or {@linkcode UNDECIDED}: the one step of which
 * {@linkcode scanPretokens} is made.
 *
 * @param bytes UTF-8 text, well-formed or not.
 * @param position Where a pre-token begins; before `limit`.
 * @param limit After the last byte to look at. A character that is cut there is taken for bad bytes: unless the text is
 *   final, pass {@linkcode endOfWholeCharacters}.
 * @param isFinal Whether the text ends at `limit`. If not, a run that reaches it may go on, so it is not decided.
 */
export function pretokenEnd(bytes: Uint8Array, position: number, limit: number, isFinal: boolean): number {
  const first = bytes[position];
  let runStart = position;
  let kind = BYTE_CLASSES[first];
  if (first === SPACE && position + 1 < limit) {
    kind = classAt(bytes, position + 1, limit);
    if (kind !== WHITE_SPACE) runStart++;
  } else if (first === APOSTROPHE) {
    const length = contractionLength(bytes, position, limit);
    if (length > 0) return position + length;
    if (!isFinal && position + 3 > limit) return UNDECIDED;
  } else if (first >= 0x80) {
    kind = characterAt(bytes, position, limit) & 7;
  }
  const end = runEnd(bytes, runStart, limit, kind);
  if (end === limit) return isFinal ? end : UNDECIDED;
  if (kind !== WHITE_SPACE) return end;
  // `\s+(?!\S)`: before a character that is not white space, a run of two or more leaves out its last character.
  const last = characterStart(bytes, end - 1);
  return last > position ? last : end;
}

/** Whether one of the next two bytes before `limit` is not ASCII: there may be a space before a foreign word. */
export function isBeforeNonAscii(bytes: Uint8Array, position: number, limit: number): boolean {
  return position + 1 < limit && (bytes[position] | bytes[position + 1]) >= 0x80;
}

/**
 * The character at a position: its length in bytes times 8 plus its class. A byte that begins no well-formed character
 * within `end` is a character of length 1 and class {@linkcode OTHER}.
 *
 * @param bytes UTF-8 text, well-formed or not.
 * @param position Where a character begins.
 * @param end After the last byte to look at.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = new TextEncoder().encode("é!");
 * assertEquals(characterAt(bytes, 0, bytes.length), (2 << 3) | 2); // two bytes, LETTER
 * assertEquals(characterAt(bytes, 1, bytes.length), (1 << 3) | 4); // a stray continuation byte, OTHER
 * ```
 */
export function characterAt(bytes: Uint8Array, position: number, end: number): number {
  const lead = bytes[position];
  if (lead < 0x80) return (1 << 3) | BYTE_CLASSES[lead];
  const length = sequenceLength(lead);
  if (length === 0 || position + length > end || !isSecondByte(lead, bytes[position + 1])) return (1 << 3) | OTHER;
  let codePoint = (lead & (0x7f >> length)) << 6 | (bytes[position + 1] & 0x3f);
  for (let index = 2; index < length; index++) {
    const byte = bytes[position + index];
    if ((byte & 0xc0) !== 0x80) return (1 << 3) | OTHER;
    codePoint = codePoint << 6 | (byte & 0x3f);
  }
  return (length << 3) | classOfCodePoint(codePoint);
}

/**
 * `end`, or, where the bytes before it begin a character that later bytes may complete, the position where that
 * character begins.
 */
export function endOfWholeCharacters(bytes: Uint8Array, start: number, end: number): number {
  for (let position = end - 1; position >= start && position > end - 4; position--) {
    const byte = bytes[position];
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const isCut = position + sequenceLength(byte) > end &&
        (position + 1 === end || isSecondByte(byte, bytes[position + 1]));
      return isCut ? position : end;
    }
  }
  return end;
}

/** The length of the UTF-8 sequence that a byte from 0x80 on begins; 0 if it begins none. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** Whether a byte may follow a lead byte: no overlong forms, no surrogates, nothing past U+10FFFF. */
function isSecondByte(lead: number, byte: number): boolean {
  if (lead === 0xe0) return byte >= 0xa0 && byte < 0xc0;
  if (lead === 0xed) return byte >= 0x80 && byte < 0xa0;
  if (lead === 0xf0) return byte >= 0x90 && byte < 0xc0;
  if (lead === 0xf4) return byte >= 0x80 && byte < 0x90;
  return (byte & 0xc0) === 0x80;
}

/** Where the well-formed character begins whose last byte is at `position`. */
function characterStart(bytes: Uint8Array, position: number): number {
  while ((bytes[position] & 0xc0) === 0x80) position--;
  return position;
}

function classAt(bytes: Uint8Array, position: number, limit: number): number {
  const byte = bytes[position];
  return byte < 0x80 ? BYTE_CLASSES[byte] : characterAt(bytes, position, limit) & 7;
}

/** Where the run of characters of one class that begins at `position` ends. */
function runEnd(bytes: Uint8Array, position: number, limit: number, kind: number): number {
  for (;;) {
    while (position < limit && BYTE_CLASSES[bytes[position]] === kind) position++;
    if (position >= limit || bytes[position] < 0x80) return position;
    const character = characterAt(bytes, position, limit);
    if ((character & 7) !== kind) return position;
    position += character >> 3;
  }
}

/** The length of the contraction ('s 'd 'm 't 'll 've 're) that the apostrophe at `position` begins; 0 if none. */
function contractionLength(bytes: Uint8Array, position: number, limit: number): number {
  if (position + 1 >= limit) return 0;
  const letter = bytes[position + 1];
  if (letter === 0x73 || letter === 0x64 || letter === 0x6d || letter === 0x74) return 2;
  if (position + 2 >= limit) return 0;
  const second = bytes[position + 2];
  if (letter === 0x6c) return second === 0x6c ? 3 : 0;
  return (letter === 0x76 || letter === 0x72) && second === 0x65 ? 3 : 0;
}
