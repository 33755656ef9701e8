import { BYTE_CLASSES, LETTER, NOT_ASCII, WHITE_SPACE } from "./character_classes.ts";

const SPACE = 0x20;
const APOSTROPHE = 0x27;
const FIRST_NON_ASCII = 0x80;
const BYTES = 256;
const EVERY_NIBBLE = 0x11111111;

// By two bytes of text, read as a little-endian number: the class of the first in the lower four bits, that of the second
// in the upper four, NOT_ASCII (zero) from 0x80 on. NUL counts as not ASCII too, so that pre-tokens found here differ
// where they are filled up with zeros.
const PAIR_CLASSES = new Uint8Array(BYTES * BYTES);
for (let ascii = 1; ascii < FIRST_NON_ASCII; ascii++) {
  for (let other = 0; other < BYTES; other++) {
    PAIR_CLASSES[ascii | other << 8] |= BYTE_CLASSES[ascii];
    PAIR_CLASSES[other | ascii << 8] |= BYTE_CLASSES[ascii] << 4;
  }
}

/**
 * The classes of eight bytes, four bits each, the first byte's lowest. {@linkcode asciiPretokenLength} and
 * {@linkcode asciiRunLength} read them: no loop and hardly a branch, for a processor cannot foresee how long words are,
 * and a loop over their letters costs more than all of this.
 *
 * @param low The first four bytes, the first one lowest.
 * @param high The other four.
 */
export function classesOf(low: number, high: number): number {
  return PAIR_CLASSES[low & 0xffff] | PAIR_CLASSES[low >>> 16] << 8 |
    PAIR_CLASSES[high & 0xffff] << 16 | PAIR_CLASSES[high >>> 16] << 24;
}

/**
 * The length of the pre-token that eight bytes begin with, if it is of ASCII characters without NUL and another one ends
 * it within them. 8 if all eight belong to a pre-token that may be longer. 0 if it is something else, or perhaps a
 * contraction.
 *
 * @param first The first byte.
 * @param classes The classes of all eight.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const view = new DataView(new TextEncoder().encode(" the cat").buffer);
 * assertEquals(asciiPretokenLength(0x20, classesOf(view.getInt32(0, true), view.getInt32(4, true))), 4);
 * ```
 */
export function asciiPretokenLength(first: number, classes: number): number {
  // Where the first character is a space, the run is of the second one's class.
  const skipped = ((first ^ SPACE) - 1) >>> 31 << 2;
  const kind = (classes >>> skipped) & 15;
  const others = (classes ^ Math.imul(kind, EVERY_NIBBLE)) >>> skipped << skipped;
  if (others === 0) return kind === NOT_ASCII ? 0 : 8;
  const length = firstNibble(others);
  if (((classes >>> 4 * length) & 15) === NOT_ASCII || kind === NOT_ASCII) return 0;
  if (first === APOSTROPHE && ((classes >>> 4) & 15) === LETTER) return 0;
  return length - leftOut(kind, length);
}

/**
 * How many of eight more bytes belong to a pre-token of which {@linkcode asciiPretokenLength} found eight, if ASCII ends
 * it within them; else, and where it is one of less than eight bytes after all, -1.
 *
 * @param classes The classes of the bytes from the ninth on.
 * @param kind The class of the eighth.
 */
export function asciiRunLength(classes: number, kind: number): number {
  const others = classes ^ Math.imul(kind, EVERY_NIBBLE);
  if (others === 0) return -1;
  const length = firstNibble(others);
  return ((classes >>> 4 * length) & 15) === NOT_ASCII ? -1 : length - leftOut(kind, 8);
}

/** The index of the lowest four bits that are not all zero, where there are such. */
function firstNibble(nibbles: number): number {
  return (31 - Math.clz32(nibbles & -nibbles)) >> 2;
}

/** `\s+(?!\S)`: 1 if a run of white space before something else leaves out its last character, having more; else 0. */
function leftOut(kind: number, length: number): number {
  // The sign of two differences, so without a branch: WHITE_SPACE is the lowest class.
  return ((kind - WHITE_SPACE - 1) & (1 - length)) >>> 31;
}
