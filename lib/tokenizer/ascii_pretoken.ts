import { BYTE_CLASSES } from "./character_classes.ts";

const FIRST_NON_ASCII = 0x80;
const BYTES = 256;

/**
 * By two bytes of text, read as a little-endian number: the class of the first in the lower four bits, that of the second
 * in the upper four, 0 (not ASCII) from 0x80 on. NUL counts as not ASCII too, so that pre-tokens of these classes filled
 * up with zeros are different keys. Four look-ups classify eight bytes, without a branch for each.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(PAIR_CLASSES[0x61 | 0x21 << 8], 2 | 4 << 4); // "a" is a LETTER, "!" is OTHER
 * ```
 */
export const PAIR_CLASSES: Uint8Array<ArrayBuffer> = new Uint8Array(BYTES * BYTES);

for (let ascii = 1; ascii < FIRST_NON_ASCII; ascii++) {
  for (let other = 0; other < BYTES; other++) {
    PAIR_CLASSES[ascii | other << 8] |= BYTE_CLASSES[ascii];
    PAIR_CLASSES[other | ascii << 8] |= BYTE_CLASSES[ascii] << 4;
  }
}
