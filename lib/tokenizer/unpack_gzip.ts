import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { openFile } from "../data/open_file.ts";

/** Large enough that a piece's way through the streams costs little beside unpacking it. */
const PIECE = 1 << 18;

/** Whether the name of a file says that it is packed. */
export function isGzip(path: string): boolean {
  return path.toLowerCase().endsWith(".gz");
}

/**
 * The bytes that a gzip file holds, in pieces. A file of several members one after the other (RFC 1952, section 2.2),
 * as `cat a.gz b.gz` and parallel packers write it, is the text of all of them; `DecompressionStream` takes one member
 * only.
 *
 * @throws {Error} If the file is damaged or ends too early; what came before it was good.
 */
export async function* unpackGzip(path: string): AsyncGenerator<Uint8Array> {
  const unpacked = createGunzip({ chunkSize: PIECE });
  const packed = Readable.fromWeb(openFile(path).readable);
  // The loop below sees the failure too; here it is only kept from counting as one that nobody has seen.
  const feeding = pipeline(packed, unpacked).catch(() => {});
  try {
    for await (const piece of unpacked) yield piece;
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && String(cause.code).startsWith("Z_"))) throw cause;
    throw new Error(`Cannot unpack ${path}: it is not a whole gzip file; download it again`, { cause });
  } finally {
    unpacked.destroy();
    await feeding;
  }
}
