/**
 * Rounds float32 to bfloat16, the upper half of its bits: to the nearest, ties to even, as hardware does; NaN stays.
 *
 * @returns The bits, one 16-bit word per value.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bits = toBfloat16(new Float32Array([1, -2, 1 / 3]));
 * assertEquals(fromBfloat16(bits), new Float32Array([1, -2, 0.333984375]));
 * ```
 */
export function toBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  // Through a copy, because the values may start where 32-bit words do not or live in shared memory.
  const words = new Uint32Array(new Float32Array(values).buffer);
  const bits = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    // Rounding would carry the mantissa of a not-a-number into its exponent; its quiet bit keeps it one.
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    bits[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** Widens bfloat16 bits to float32, exactly. */
export function fromBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}

/** Widens float16 bits (IEEE 754 binary16) to float32, exactly. */
export function fromFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(new Float16Array(new Uint16Array(bits).buffer));
}
