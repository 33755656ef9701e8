/** Longest pre-token, in bytes, whose text is its key: four numbers of 32 bits, of which the last byte is left over. */
export const LONGEST_KEY = 15;

/** Bytes that are read from the start of a pre-token to make its key. */
export const KEY_BYTES = 16;

/**
 * By 12, 8, 4 or 0 plus a length from 0 to {@linkcode LONGEST_KEY}: which bits of the first, second, third or last four
 * bytes of text, read as a little-endian number, belong to a pre-token of that length. A loop should hold it in a
 * constant of its own: what is imported is looked up each time.
 */
export const KEY_MASKS: Int32Array<ArrayBuffer> = Int32Array.from(
  { length: 12 + KEY_BYTES },
  (_, index) => index >= 16 ? -1 : 2 ** (8 * Math.max(0, index - 12)) - 1,
);
