/** CRC-32C (Castagnoli) by byte: the remainders of its reflected polynomial. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >>> 1 ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

/**
 * The CRC-32C checksum of bytes (RFC 3720, appendix B.4).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
 * ```
 */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = rest >>> 8 ^ CRC_TABLE[(rest ^ byte) & 255];
  return ~rest >>> 0;
}

/**
 * Bytes as one record of a TFRecord file: their length (8 bytes), its checksum, the bytes, their checksum;
 * little-endian. Checksums are masked (rotated, and a constant added), so that data which hold checksums do not check
 * by accident.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
}

function masked(crc: number): number {
  return (crc >>> 15 | crc << 17) + 0xa282ead8 >>> 0;
}
