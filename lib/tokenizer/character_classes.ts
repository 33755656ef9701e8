/** Unicode White_Space (with U+0085, without U+FEFF): the pattern's `\s` as Python's `regex` and tiktoken mean it. */
export const WHITE_SPACE = 1;
/** Unicode general category L: the pattern's `\p{L}`. */
export const LETTER = 2;
/** Unicode general category N: the pattern's `\p{N}`. */
export const NUMBER = 3;
/** Every other character, and every byte that belongs to no well-formed character: `[^\s\p{L}\p{N}]`. */
export const OTHER = 4;
/** The class of each ASCII byte; 0 from 0x80 on, where the class is that of a longer character. */
export const BYTE_CLASSES: Uint8Array = new Uint8Array(256);

const PAGE_BITS = 8;
const LAST_CODE_POINT = 0x10ffff;

// One byte per code point, zero until its page of 256 is first asked for. The operating system hands out zeroed memory
// lazily, so an English corpus pays for one page, not for a megabyte of table.
const classes = new Uint8Array(LAST_CODE_POINT + 1);

for (let byte = 0; byte < 0x80; byte++) BYTE_CLASSES[byte] = classOfCodePoint(byte);

/**
 * The class of a code point by the Unicode tables of the JavaScript engine: {@linkcode WHITE_SPACE},
 * {@linkcode LETTER}, {@linkcode NUMBER} or {@linkcode OTHER}.
 *
 * @param codePoint From 0 to 0x10FFFF.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([0x4f60, 0x0663, 0x85, 0xfeff].map(classOfCodePoint), [LETTER, NUMBER, WHITE_SPACE, OTHER]); // 你 ٣
 * ```
 */
export function classOfCodePoint(codePoint: number): number {
  const known = classes[codePoint];
  if (known !== 0) return known;
  buildPage(codePoint >> PAGE_BITS);
  return classes[codePoint];
}

function buildPage(page: number): void {
  const first = page << PAGE_BITS;
  for (let codePoint = first; codePoint < first + (1 << PAGE_BITS); codePoint++) {
    const character = String.fromCodePoint(codePoint);
    if (/\p{L}/u.test(character)) classes[codePoint] = LETTER;
    else if (/\p{N}/u.test(character)) classes[codePoint] = NUMBER;
    else if (/\p{White_Space}/u.test(character)) classes[codePoint] = WHITE_SPACE;
    else classes[codePoint] = OTHER;
  }
}
