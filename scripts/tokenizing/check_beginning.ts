// What begins so is no text in UTF-8: these bytes do not occur there, or not in this order in any text.
const MARKS: readonly { bytes: readonly number[]; is: string; advice: string }[] = [
  {
    bytes: [0x1f, 0x8b],
    is: "packed with gzip",
    advice: "unpack it before the pipe (zcat), or name a file that ends in .gz",
  },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], is: "packed with zstd", advice: "unpack it (zstdcat), also into a pipe" },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], is: "packed with xz", advice: "unpack it (xzcat), also into a pipe" },
  { bytes: [0x50, 0x4b, 0x03, 0x04], is: "a zip archive", advice: "unpack it (unzip -p), also into a pipe" },
  { bytes: [0xff, 0xfe], is: "in UTF-16", advice: "make UTF-8 of it (iconv -f UTF-16 -t UTF-8), also into a pipe" },
  { bytes: [0xfe, 0xff], is: "in UTF-16", advice: "make UTF-8 of it (iconv -f UTF-16 -t UTF-8), also into a pipe" },
];

/** Bytes of a beginning that are enough to tell. */
export const MARK_BYTES = Math.max(...MARKS.map(({ bytes }) => bytes.length));

/**
 * Refuses what is no text, by how it begins: its bytes can be made tokens of as well, which nobody means.
 *
 * @param beginning The first bytes, {@linkcode MARK_BYTES} or more if there are as many.
 * @param about What the message calls it.
 * @throws {Error} If it is packed, or in UTF-16.
 */
export function checkBeginning(beginning: Uint8Array, about: string): void {
  const mark = MARKS.find(({ bytes }) => bytes.every((byte, i) => beginning[i] === byte));
  if (mark) throw new Error(`Cannot use ${about}: it is ${mark.is}; ${mark.advice}`);
}
