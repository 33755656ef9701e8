import { readFully } from "../data/read_fully.ts";
import { cutContext, firstSafeCut } from "./safe_cut.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

/** Bytes in which a safe cut is looked for at a time; ordinary text has one every few bytes. */
const WINDOW = 1 << 14;

/** Bytes of a file, from `start` to before `end`. */
export interface FileRange {
  /** The first byte. */
  start: number;
  /** After the last byte. */
  end: number;
}

/**
 * Divides a file at safe cuts into ranges that can be counted or encoded in any order. Looks at a few kilobytes around
 * each cut, so the ranges of a file of any size cost next to nothing; where no safe cut is near (one pre-token of many
 * megabytes), it goes on to the next one, reading no byte twice.
 *
 * @param file A regular file.
 * @param path What the messages call it.
 * @param bytes Size of a range, as nearly as safe cuts allow.
 * @param special What no cut may lie in.
 * @throws {Error} If the file shrinks while it is read.
 */
export function* fileRanges(
  file: Deno.FsFile,
  path: string,
  bytes: number,
  special: SpecialTokenFinder,
): Generator<FileRange> {
  const { size } = file.statSync();
  for (let start = 0; start < size;) {
    const end = start + bytes >= size ? size : findCut(file, path, start + bytes, size, special);
    yield { start, end };
    start = end;
  }
}

/** The first safe cut at `from` or after it; the end of the file if there is none. */
function findCut(file: Deno.FsFile, path: string, from: number, size: number, special: SpecialTokenFinder): number {
  const context = cutContext(special);
  const buffer = new Uint8Array(Math.max(WINDOW, 4 * context));
  for (let wanted = from; wanted < size;) {
    // Candidates are the positions whose context on both sides lies in the buffer.
    const start = Math.max(0, wanted - context);
    const end = Math.min(size, start + buffer.length);
    file.seekSync(start, Deno.SeekMode.Start);
    if (readFully(file, buffer.subarray(0, end - start)) < end - start) {
      throw new Error(`Cannot read ${path}: it became shorter; leave the file as it is while it is read`);
    }
    const cut = firstSafeCut(buffer, wanted - start, 0, end - start, special);
    if (cut >= 0) return start + cut;
    if (end === size) return size;
    wanted = end - context + 1;
  }
  return size;
}
