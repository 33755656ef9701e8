import { crc32, inflateRawSync } from "node:zlib";
import {
  newNpyArray,
  type NpyArray,
  type NpyDtype,
  npyHeaderLength,
  npyItemSize,
  parseNpyHeader,
} from "./npy_header.ts";

/** One array of a `.npz` file. */
export interface NpzArray {
  /** Element type. */
  dtype: NpyDtype;
  /** Lengths of the dimensions; empty for a single number. */
  shape: number[];
  /** The values, row-major. */
  values: NpyArray;
}

// Signatures and fixed sizes of the records of a zip archive (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16).
const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 };
const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 };
const END_RECORD = { signature: 0x06054b50, bytes: 22 };
const MAX_COMMENT_BYTES = 65_535;
const IN_ZIP64_RECORD = 0xffffffff;

/**
 * Reads all arrays of a `.npz` file, as `numpy.savez` and `numpy.savez_compressed` write it, of any number of
 * dimensions. It is for checks: the whole file is held in memory.
 *
 * @returns The arrays by name, without the ending `.npy`.
 * @throws {Error} If the archive is damaged, encrypted, past 4 GiB, or holds what {@linkcode openNpy} would refuse.
 */
export function readNpz(path: string): Map<string, NpzArray> {
  const bytes = Deno.readFileSync(path);
  const arrays = new Map<string, NpzArray>();
  for (const [name, member] of zipMembers(bytes, path)) {
    arrays.set(name.replace(/\.npy$/, ""), parseNpy(member, `${name} in ${path}`));
  }
  return arrays;
}

function parseNpy(bytes: Uint8Array, name: string): NpzArray {
  const headerLength = npyHeaderLength(bytes.subarray(0, 12), name);
  if (bytes.length < headerLength) throw new Error(`Cannot read ${name}: it ends inside its header; it was cut off`);
  const { dtype, shape, fortranOrder, dataOffset } = parseNpyHeader(bytes.subarray(0, headerLength), name);
  if (fortranOrder && shape.length > 1) {
    throw new Error(`Cannot read ${name}: it is in Fortran order; try saving numpy.ascontiguousarray(array)`);
  }
  const length = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== dataOffset + length * npyItemSize(dtype)) {
    throw new Error(
      `Cannot read ${name}: ${bytes.length - dataOffset} bytes of data, and ${dtype} of shape (${shape.join(", ")}) ` +
        `needs ${length * npyItemSize(dtype)}`,
    );
  }
  const values = newNpyArray(dtype, length);
  new Uint8Array(values.buffer).set(bytes.subarray(dataOffset));
  return { dtype, shape, values };
}

/** The files in a zip archive, unpacked and compared with their checksums. */
function* zipMembers(bytes: Uint8Array<ArrayBuffer>, path: string): Generator<[string, Uint8Array]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (what: string): never => {
    throw new Error(`Cannot read ${path}: ${what}; it is damaged or is no .npz file`);
  };
  const within = (start: number, length: number) => {
    if (start + length > bytes.length) refuse("it was cut off");
    return bytes.subarray(start, start + length);
  };
  const end = endRecord(view) ?? refuse("it has no end record of a zip archive");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let member = 0; member < count; member++) {
    within(at, CENTRAL_HEADER.bytes);
    if (view.getUint32(at, true) !== CENTRAL_HEADER.signature) refuse("its directory is broken");
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [checksum, packed, unpacked] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true));
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(within(at + CENTRAL_HEADER.bytes, nameLength));
    if (flags & 1) refuse(`${name} is encrypted`);
    if ([packed, unpacked, local].includes(IN_ZIP64_RECORD)) refuse(`${name} is past 4 GiB`);
    within(local, LOCAL_HEADER.bytes);
    if (view.getUint32(local, true) !== LOCAL_HEADER.signature) refuse(`${name} is not where the directory says`);
    const skipped = LOCAL_HEADER.bytes + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = unpack(within(local + skipped, packed), method, unpacked);
    if (content?.length !== unpacked || crc32(content) !== checksum) {
      return refuse(content ? `${name} differs from its checksum` : `${name} is packed by method ${method}`);
    }
    yield [name, content];
    at += CENTRAL_HEADER.bytes + nameLength + extraLength + commentLength;
  }
}

/** Where the record at an archive's end begins; a comment of any length may follow it. */
function endRecord(view: DataView): number | undefined {
  const last = view.byteLength - END_RECORD.bytes;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) === END_RECORD.signature) return at;
  }
  return undefined;
}

function unpack(packed: Uint8Array, method: number, length: number): Uint8Array | undefined {
  if (method === 0) return packed;
  if (method !== 8) return undefined;
  try {
    // The limit keeps a small archive from unpacking to more than it admits.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, length) });
  } catch {
    return new Uint8Array(); // Broken data: the comparison with length and checksum reports it.
  }
}
