const KEY_BYTES = 8;

/**
 * By length from 0 to 8: which bits of the first four bytes of text, read as a little-endian word, belong to a pre-token
 * of that length.
 */
export const LOW_MASK: Int32Array<ArrayBuffer> = Int32Array.from(
  { length: KEY_BYTES + 1 },
  (_, length) => length >= 4 ? -1 : 2 ** (8 * length) - 1,
);

/** The same for the next four bytes. */
export const HIGH_MASK: Int32Array<ArrayBuffer> = Int32Array.from(
  LOW_MASK,
  (_, length) => length < 4 ? 0 : LOW_MASK[length - 4],
);
