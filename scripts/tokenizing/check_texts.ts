import { openFile } from "../../lib/data/open_file.ts";
import { readFully } from "../../lib/data/read_fully.ts";
import { isGzip, unpackGzip } from "../../lib/tokenizer/unpack_gzip.ts";
import { checkBeginning, MARK_BYTES } from "./check_beginning.ts";

/**
 * Looks, before any work on texts and before anything is written, whether they can be read and whether there is any
 * text. An empty file makes an empty tokenizer and no ids, which nobody wants and everything later fails on.
 *
 * @param paths Files, also packed ones (.gz); one of several may be empty.
 * @throws {Error} If a file is not there, is a folder or begins with no gzip member, if one is packed otherwise or in
 *   UTF-16, or if all are empty.
 */
export async function checkTexts(paths: readonly string[]): Promise<void> {
  const found = await Promise.all(paths.map(hasText));
  if (!found.includes(true)) throw noTextError(paths.join(", "));
}

/** What to throw where a text turns out to be empty. */
export function noTextError(about: string): Error {
  return new Error(`Cannot use ${about}: there is no text in it; give a file that has some`);
}

async function hasText(path: string): Promise<boolean> {
  if (isGzip(path)) {
    for await (const piece of unpackGzip(path)) if (piece.length > 0) return true;
    return false;
  }
  const { isFile, isDirectory } = await Deno.stat(path);
  // What comes through a pipe is known only once it has been read; who writes to a named one would be cut off here.
  if (!isFile && !isDirectory) return true;
  using file = openFile(path);
  const beginning = new Uint8Array(MARK_BYTES);
  const length = readFully(file, beginning);
  checkBeginning(beginning.subarray(0, length), path);
  return length > 0;
}
