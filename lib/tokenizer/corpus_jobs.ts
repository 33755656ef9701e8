import { openFile } from "../data/open_file.ts";
import type { CountingJob } from "./counting_job.ts";
import { cutBlocks, type TextPieces } from "./cut_blocks.ts";
import { fileRanges } from "./file_ranges.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";
import { isGzip, unpackGzip } from "./unpack_gzip.ts";

/** Bytes of a file for one job: small enough to share out evenly, large enough to be worth a message. */
const RANGE = 1 << 21;

/**
 * Text to train on: the path of a file, several paths (each file is a text of its own), or the text itself as a stream
 * or an iterable of pieces, cut anywhere. A file whose name ends in `.gz` is unpacked on the way.
 */
export type Corpus = string | readonly string[] | TextPieces;

/** The paths of a corpus; undefined if it is the text itself. */
export function corpusPaths(corpus: Corpus): readonly string[] | undefined {
  if (typeof corpus === "string") return [corpus];
  return Array.isArray(corpus) && corpus.every((item) => typeof item === "string") ? corpus : undefined;
}

/** The size in bytes of a corpus of plain files; undefined where only reading can tell. */
export async function corpusSize(corpus: Corpus): Promise<number | undefined> {
  let size = 0;
  for (const path of corpusPaths(corpus) ?? [""]) {
    if (path === "" || isGzip(path)) return undefined;
    const info = await Deno.stat(path);
    if (!info.isFile) return undefined;
    size += info.size;
  }
  return size;
}

/**
 * Divides a corpus into jobs of a few megabytes that can be counted in any order by any number of threads.
 *
 * @throws {Error} If a file cannot be read, is no whole gzip file, or changes on the way.
 */
export async function* corpusJobs(corpus: Corpus, special: SpecialTokenFinder): AsyncGenerator<CountingJob> {
  const paths = corpusPaths(corpus);
  if (paths === undefined) return yield* cutBlocks(corpus as TextPieces, special);
  for (const path of paths) {
    if (isGzip(path)) {
      yield* cutBlocks(unpackGzip(path), special);
    } else if ((await Deno.stat(path)).isFile) {
      using file = openFile(path);
      for (const range of fileRanges(file, path, RANGE, special)) yield { kind: "range", path, ...range };
    } else {
      yield* cutBlocks(openFile(path).readable, special);
    }
  }
}
