import type { CountingJob } from "./counting_job.ts";
import { cutContext, firstSafeCut } from "./safe_cut.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

/** Bytes of a range, as nearly as safe cuts allow: small enough to share out evenly, large enough to be worth a message. */
const RANGE = 1 << 21;
/** Bytes in which a safe cut is looked for at a time; ordinary text has one every few bytes. */
const WINDOW = 1 << 14;

/**
 * Divides a file at safe cuts into ranges that can be counted in any order. Looks at a few kilobytes around each cut,
 * so the ranges of a file of any size cost next to nothing; where no safe cut is near (one pre-token of many megabytes),
 * it goes on to the next one, reading no byte twice.
 *
 * @param path A regular file.
 * @param special What no cut may lie in.
 * @throws {Error} If the file shrinks while it is read.
 */
export async function* fileRanges(path: string, special: SpecialTokenFinder): AsyncGenerator<CountingJob> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  for (let start = 0; start < size;) {
    const end = start + RANGE >= size ? size : findCut(file, path, start + RANGE, size, special);
    yield { kind: "range", path, start, end };
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
    readAt(file, path, start, buffer.subarray(0, end - start));
    const cut = firstSafeCut(buffer, wanted - start, 0, end - start, special);
    if (cut >= 0) return start + cut;
    if (end === size) return size;
    wanted = end - context + 1;
  }
  return size;
}

function readAt(file: Deno.FsFile, path: string, position: number, target: Uint8Array): void {
  file.seekSync(position, Deno.SeekMode.Start);
  for (let filled = 0; filled < target.length;) {
    const read = file.readSync(target.subarray(filled));
    if (read === null) {
      throw new Error(`Cannot read ${path}: it became shorter; leave the file as it is while it is read`);
    }
    filled += read;
  }
}
