// Bytes that print as themselves in GPT-2's files: Latin-1 without control characters, space and soft hyphen. The
// others take the code points from 256 on, in order, so that no token holds white space and each is text.
const isPrinted = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

const CHARACTER_OF_BYTE: string[] = [];
const BYTE_OF_CHARACTER = new Map<string, number>();
for (let byte = 0, next = 256; byte < 256; byte++) {
  const character = String.fromCharCode(isPrinted(byte) ? byte : next++);
  CHARACTER_OF_BYTE.push(character);
  BYTE_OF_CHARACTER.set(character, byte);
}

/**
 * The bytes of a token in the alphabet of GPT-2's `vocab.json` and `merges.txt`: one printable character per byte
 * (Radford et al., 2019).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(bytesToUnicode(new TextEncoder().encode(" né\n")), "ĠnÃ©Ċ");
 * ```
 */
export function bytesToUnicode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += CHARACTER_OF_BYTE[byte];
  return text;
}

/**
 * The bytes that {@linkcode bytesToUnicode} writes as `text`, or `undefined` when a character is none of the 256.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(unicodeToBytes("ĠnÃ©Ċ"), new TextEncoder().encode(" né\n"));
 * assertEquals(unicodeToBytes("a b"), undefined); // a space is written Ġ
 * ```
 */
export function unicodeToBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = BYTE_OF_CHARACTER.get(text[index]);
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}
