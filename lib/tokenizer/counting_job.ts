import { PretokenCounter } from "./pretoken_counter.ts";
import type { PretokenCounts } from "./pretoken_counts.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";

/** A text, or a part of one between two safe cuts, to be counted on its own: bytes of a file, or bytes in memory. */
export type CountingJob =
  | { readonly kind: "range"; readonly path: string; readonly start: number; readonly end: number }
  | { readonly kind: "block"; readonly bytes: Uint8Array<ArrayBuffer> };

/** How many bytes of text a job holds. */
export function bytesOf(job: CountingJob): number {
  return job.kind === "range" ? job.end - job.start : job.bytes.length;
}

/** Counts the pre-tokens of jobs, in this thread. */
export class JobCounter {
  readonly #counter: PretokenCounter;

  /**
   * Starts with nothing counted.
   *
   * @param specialTokens The borders that no pre-token crosses.
   */
  constructor(specialTokens: readonly string[]) {
    this.#counter = new PretokenCounter(new SpecialTokenFinder(specialTokens));
  }

  /** The counts of all jobs so far. */
  get counts(): PretokenCounts {
    return this.#counter.counts;
  }

  /**
   * Counts one more job.
   *
   * @throws {Error} If the file of a range is gone, or shorter than it was.
   */
  run(job: CountingJob): void {
    if (job.kind === "block") this.#counter.countText(job.bytes);
    else this.#countRange(job.path, job.start, job.end);
  }

  #countRange(path: string, start: number, end: number): void {
    using file = openAgain(path);
    file.seekSync(start, Deno.SeekMode.Start);
    let position = start;
    this.#counter.countReading((buffer) => {
      if (position === end) return null;
      const read = file.readSync(buffer.subarray(0, end - position));
      if (read === null) {
        throw new Error(
          `Cannot count ${path}: it ended after ${position} bytes and had at least ${end} at the start; ` +
            "leave the file as it is while it is read",
        );
      }
      position += read;
      return read;
    });
  }
}

function openAgain(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot count ${path}: it was removed while it was read; leave the file as it is until the end`, {
      cause: error,
    });
  }
}
