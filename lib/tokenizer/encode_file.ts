import { NpyWriter } from "../data/npy.ts";
import { openFile } from "../data/open_file.ts";
import type { OnProgress } from "../data/progress.ts";
import { ByteEncoder, type EncoderParts } from "./encode_bytes.ts";
import type { EncodeJob, EncodeResult } from "./encode_job.ts";
import { type IdArray, type IdDtype, idDtype, RangeEncoder, takeNarrow } from "./encode_range.ts";
import { type FileRange, fileRanges } from "./file_ranges.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";
import { TextStream } from "./text_stream.ts";
import { isGzip, unpackGzip } from "./unpack_gzip.ts";

/** Options of `Tokenizer.encodeFile()`. */
export interface EncodeFileOptions {
  /**
   * Threads to encode on; default: as many as the machine has processors. They need permission to read lib/tokenizer,
   * but for files of less than two megabytes, streams and packed files, which are encoded on the calling thread.
   */
  workers?: number;
  /** Called with the bytes encoded so far. */
  onProgress?: OnProgress;
  /** Stops the work; the output does not appear. */
  signal?: AbortSignal;
}

/** What `Tokenizer.encodeFile()` did. */
export interface EncodeFileReport {
  /** Bytes of text: the size of the input, unpacked. */
  bytes: number;
  /** Number of ids. */
  tokens: number;
  /** Element type of the output. */
  dtype: IdDtype;
  /** Workers that were started; 0 for a small file, which gains nothing from any, a packed one, and a stream. */
  workers: number;
  /** Wall time. */
  seconds: number;
}

/** Bytes that a worker gets at a time, up to the next position where text may be cut. */
const RANGE_BYTES = 1 << 20;
/** Files below this size are encoded sooner than a worker starts. */
const SMALL_BYTES = 2 * RANGE_BYTES;
/** Ranges given out per worker ahead of the one to be written next: memory holds no more than these. */
const AHEAD = 4;

/**
 * Encodes a file or a stream to a `.npy` file of ids: see `Tokenizer.encodeFile`.
 *
 * A file is cut where the two sides have the tokens of the whole; each worker reads and encodes ranges, and this thread
 * writes the ids in order. What can be read only once from the beginning is encoded on this thread.
 */
export async function encodeFile(
  parts: EncoderParts,
  vocabSize: number,
  input: string | AsyncIterable<Uint8Array>,
  outputPath: string,
  { workers = navigator.hardwareConcurrency, onProgress, signal }: EncodeFileOptions,
): Promise<EncodeFileReport> {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`Cannot encode with ${workers} workers: expected a whole number from 1 on`);
  }
  signal?.throwIfAborted();
  const begun = performance.now();
  const dtype = idDtype(vocabSize);
  using file = typeof input === "string" ? openFile(input) : undefined;
  const before = file?.statSync();
  if (before?.isFile === false) {
    throw new TypeError(`Cannot encode ${input}: it is no regular file; give its content as a stream`);
  }
  if (before !== undefined && isTheFile(before, outputPath)) {
    throw new RangeError(`Cannot encode ${input} into itself: the text would be lost; give another name`);
  }
  using writer = new NpyWriter<IdDtype>(outputPath, dtype);
  const pieces = typeof input !== "string" ? input : isGzip(input) ? unpackGzip(input) : undefined;
  const total = before !== undefined && pieces === undefined ? { total: before.size } : {};
  let bytes = 0;
  const write = (ids: IdArray, done: number) => {
    writer.write(ids);
    bytes = done;
    onProgress?.({ phase: "encoding", done, ...total, unit: "bytes" });
  };
  let started = 0;
  if (pieces !== undefined) await encodePieces(parts, dtype, pieces, write, signal);
  else started = await encodeRanges(parts, dtype, file!, before!.size, input as string, workers, write, signal);
  const after = file?.statSync();
  if (after?.size !== before?.size || after?.mtime?.getTime() !== before?.mtime?.getTime()) {
    throw new Error(`Cannot encode ${input}: it changed meanwhile; encode a file that nothing writes to`);
  }
  writer.close();
  const seconds = (performance.now() - begun) / 1000;
  return { bytes, tokens: writer.length, dtype, workers: started, seconds };
}

// By what the system knows it by, since one file may have several paths. Where that is not told, nothing is known.
function isTheFile({ dev, ino }: Deno.FileInfo, path: string): boolean {
  try {
    const there = Deno.statSync(path);
    return ino !== null && there.ino === ino && there.dev === dev;
  } catch {
    return false;
  }
}

async function encodePieces(
  parts: EncoderParts,
  dtype: IdDtype,
  pieces: AsyncIterable<Uint8Array>,
  write: (ids: IdArray, done: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const stream = new TextStream(new ByteEncoder(parts), true);
  let spare: ArrayBuffer | undefined;
  let done = 0;
  const writeDecided = () => {
    const ids = takeNarrow(stream.output, dtype, spare);
    write(ids, done);
    spare = ids.buffer;
  };
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    stream.push(piece);
    done += piece.length;
    writeDecided();
  }
  // A Ctrl-C that ended the program before a pipe comes here too, maybe after the end of what that program had written.
  await new Promise((resolve) => setTimeout(resolve));
  signal?.throwIfAborted();
  stream.finish();
  writeDecided();
}

/** Encodes a regular file, on this thread where it is small. Gives the number of workers started. */
async function encodeRanges(
  parts: EncoderParts,
  dtype: IdDtype,
  file: Deno.FsFile,
  size: number,
  path: string,
  workers: number,
  write: (ids: IdArray, done: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  const special = new SpecialTokenFinder([...parts.specialTokens.keys()]);
  const ranges = fileRanges(file, path, RANGE_BYTES, special);
  if (size < SMALL_BYTES) {
    const encoder = new RangeEncoder(parts, dtype);
    let spare: ArrayBuffer | undefined;
    for (const { start, end } of ranges) {
      const ids = encoder.encode(file, start, end, spare);
      write(ids, end);
      spare = ids.buffer;
    }
    return 0;
  }
  const count = Math.min(workers, Math.ceil(size / RANGE_BYTES));
  await encodeOnWorkers({ kind: "open", path, parts, dtype }, ranges, count, write, signal);
  return count;
}

// Ranges go to the worker that is free, at most `AHEAD` per worker beyond the one that is written next, so that a slow
// range holds up the others before their results fill the memory.
async function encodeOnWorkers(
  open: EncodeJob,
  ranges: Generator<FileRange>,
  count: number,
  write: (ids: IdArray, done: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const workers = Array.from({ length: count }, () => {
    return new Worker(new URL("./encode_worker.ts", import.meta.url), { type: "module" });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => reject(signal?.reason);
  signal?.addEventListener("abort", stop);
  const given: FileRange[] = [];
  const results = new Map<number, IdArray>();
  const spares: ArrayBuffer[] = [];
  let written = 0;
  let isAllGiven = false;
  const give = (worker: Worker) => {
    const next = ranges.next();
    if (next.done) {
      isAllGiven = true;
      return;
    }
    const spare = spares.pop();
    const job: EncodeJob = { kind: "range", index: given.length, ...next.value, spare };
    worker.postMessage(job, spare === undefined ? [] : [spare]);
    given.push(next.value);
  };
  // Workers that found nothing to do within the bound.
  const waiting: Worker[] = [];
  const serve = (worker: Worker) => {
    if (given.length - written >= AHEAD * count) waiting.push(worker);
    else if (!isAllGiven) give(worker);
  };
  try {
    for (const worker of workers) {
      worker.onmessage = ({ data }: MessageEvent<EncodeResult>) => {
        try {
          if ("error" in data) throw data.error;
          results.set(data.index, data.ids);
          for (let ids = results.get(written); ids !== undefined; ids = results.get(written)) {
            results.delete(written);
            write(ids, given[written].end);
            spares.push(ids.buffer);
            written++;
          }
          serve(worker);
          while (waiting.length > 0 && !isAllGiven && given.length - written < AHEAD * count) give(waiting.pop()!);
          if (isAllGiven && written === given.length) resolve();
        } catch (error) {
          reject(error);
        }
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`Cannot encode on a worker: ${event.message}`));
      };
      worker.postMessage(open);
      // Two ranges each, so that none is idle while its answer travels.
      serve(worker);
      serve(worker);
    }
    await promise;
  } finally {
    for (const worker of workers) worker.terminate();
    signal?.removeEventListener("abort", stop);
  }
}
