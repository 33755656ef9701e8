import type { OnProgress } from "../data/progress.ts";
import type { BpeModel } from "./bpe_model.ts";
import { type Corpus, corpusJobs, corpusPaths, corpusSize } from "./corpus_jobs.ts";
import { CountingPool } from "./counting_pool.ts";
import { learnMerges } from "./learn_merges.ts";
import type { PretokenCounts } from "./pretoken_counts.ts";
import { SpecialTokenFinder } from "./special_tokens.ts";

const BYTES = 256;

/** Options of {@linkcode trainBpe}. */
export interface TrainBpeOptions {
  /** The text: a path, several paths, or the text itself in pieces. */
  input: Corpus;
  /** Entries of the vocabulary: special tokens, 256 bytes, and one for each merge. */
  vocabSize: number;
  /** Borders that no pre-token and no merge crosses; they get the first ids, in this order. Default: none. */
  specialTokens?: readonly string[];
  /**
   * Threads that count pre-tokens; the result is the same for any number. Default: one for each processor. For a text
   * of several megabytes, more than one need permission to read lib/tokenizer.
   */
  workers?: number;
  /** Told how far counting ("bytes") and merging ("merges") have come. */
  onProgress?: OnProgress;
  /** Stops the training; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** Time and memory of one phase of training. */
export interface TrainBpePhase {
  /** Wall-clock time. */
  seconds: number;
  /** The largest resident memory of the whole process that was seen in this phase, in bytes. */
  residentBytes: number;
}

/** What {@linkcode trainBpe} did. */
export interface TrainBpeReport {
  /** Reading, pre-tokenizing and counting. */
  counting: TrainBpePhase;
  /** Learning the merges from the counts. */
  merging: TrainBpePhase;
  /** Bytes of text, unpacked, special tokens included. */
  bytes: number;
  /** Pre-tokens in the text. */
  pretokens: number;
  /** Different pre-tokens among them. */
  distinctPretokens: number;
  /** Merges learned. */
  mergesDone: number;
  /** Whether the text had no pair left to merge, so that the vocabulary is smaller than was asked for. */
  ranOutOfPairs: boolean;
  /** Threads that counted, at most. */
  workers: number;
}

/**
 * Trains a byte-level BPE tokenizer (handout section 2.5): splits the text at the special tokens, pre-tokenizes what
 * lies between by the GPT-2 pattern, counts the pre-tokens, and merges the most frequent pair of neighbouring tokens
 * until the vocabulary is full; of equally frequent pairs the lexicographically greater one (byte strings, left before
 * right).
 *
 * Files are read in pieces, by all threads at once; memory grows with the number of distinct pre-tokens (some 100 bytes
 * each), not with the text. Bytes that are no UTF-8 are trained as they are; for the pattern they
 * count as punctuation.
 *
 * @throws {RangeError} If `vocabSize` has no room for the bytes and the special tokens, `workers` is no positive
 *   integer, or a special token is empty, repeated or not well-formed.
 * @throws {Error} If a file changes while it is read, or a `.gz` file is damaged; `Deno.errors.NotFound` if there is
 * none.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const text = "low low low low low lower lower widest widest widest newest newest newest newest newest newest";
 * const input = [text.replaceAll(" ", "<|x|>")].values();
 * const { model, report } = await trainBpe({ input, vocabSize: 263, specialTokens: ["<|x|>"] });
 * const tokens = model.vocabulary.map((bytes) => new TextDecoder().decode(bytes));
 * assertEquals(tokens.slice(257), ["st", "est", "ow", "low", "west", "ne"]); // handout, problem train_bpe
 * assertEquals(report.distinctPretokens, 4);
 * ```
 */
export async function trainBpe(options: TrainBpeOptions): Promise<{ model: BpeModel; report: TrainBpeReport }> {
  const { input, vocabSize, specialTokens = [], workers = navigator.hardwareConcurrency, signal } = options;
  checkVocabulary(vocabSize, specialTokens);
  checkOptions(input, workers);
  const special = new SpecialTokenFinder(specialTokens);
  const numMerges = vocabSize - BYTES - specialTokens.length;

  const counting = new PhaseClock();
  const { counts, bytes } = await countCorpus(options, special, workers, counting);
  counting.stop();

  const merging = new PhaseClock();
  const onProgress: OnProgress = (progress) => {
    merging.sample();
    options.onProgress?.(progress);
  };
  const merges = await learnMerges(counts, numMerges, { onProgress, signal });
  merging.stop();

  return {
    model: buildModel(specialTokens, merges),
    report: {
      counting: counting.phase,
      merging: merging.phase,
      bytes,
      pretokens: counts.total(),
      distinctPretokens: counts.size,
      mergesDone: merges.length,
      ranOutOfPairs: merges.length < numMerges,
      workers,
    },
  };
}

async function countCorpus(
  { input, specialTokens = [], onProgress, signal }: TrainBpeOptions,
  special: SpecialTokenFinder,
  workers: number,
  clock: PhaseClock,
): Promise<{ counts: PretokenCounts; bytes: number }> {
  const total = await corpusSize(input);
  const before = await fingerprints(input);
  let bytes = 0;
  const onCounted = (counted: number) => {
    bytes += counted;
    clock.sample();
    onProgress?.({ phase: "counting pre-tokens", done: bytes, ...(total !== undefined && { total }), unit: "bytes" });
  };
  using pool = new CountingPool({ workers, specialTokens, onCounted, ...(signal && { signal }) });
  for await (const job of corpusJobs(input, special)) await pool.submit(job);
  const counts = await pool.finish();
  const after = await fingerprints(input).catch((cause) => {
    throw new Error("Cannot train: a file was removed while it was read; leave the files as they are until the end", {
      cause,
    });
  });
  for (const [path, fingerprint] of before) {
    if (after.get(path) !== fingerprint) {
      throw new Error(`Cannot train on ${path}: it changed while it was read; leave the file as it is until the end`);
    }
  }
  return { counts, bytes };
}

/** What tells whether a file was written to: its size and its time of modification. */
async function fingerprints(input: Corpus): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of corpusPaths(input) ?? []) {
    const { isFile, size, mtime } = await Deno.stat(path);
    if (isFile) found.set(path, `${size} ${mtime?.getTime()}`);
  }
  return found;
}

/**
 * Checks before any work that a vocabulary of this size can be trained with these special tokens.
 *
 * @throws {RangeError} If it has no room for the 256 bytes and the special tokens, or one of these is empty, repeated
 *   or not well-formed.
 */
export function checkVocabulary(vocabSize: number, specialTokens: readonly string[]): void {
  new SpecialTokenFinder(specialTokens);
  const { length } = specialTokens;
  if (Number.isSafeInteger(vocabSize) && vocabSize >= BYTES + length) return;
  throw new RangeError(
    `Cannot train a vocabulary of ${vocabSize}: expected an integer of at least ${BYTES + length}, ` +
      `for 256 bytes and ${length} special token${length === 1 ? "" : "s"}`,
  );
}

function checkOptions(input: Corpus, workers: number): void {
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new RangeError(`Cannot train: workers is ${workers}; it must be an integer of at least 1`);
  }
  if (corpusPaths(input)?.length === 0) throw new RangeError("Cannot train: input has no path; give at least one file");
}

function buildModel(specialTokens: readonly string[], merges: readonly [Uint8Array, Uint8Array][]): BpeModel {
  const encoder = new TextEncoder();
  const vocabulary = specialTokens.map((token): Uint8Array => encoder.encode(token));
  for (let byte = 0; byte < BYTES; byte++) vocabulary.push(Uint8Array.of(byte));
  for (const [left, right] of merges) {
    const joined = new Uint8Array(left.length + right.length);
    joined.set(left);
    joined.set(right, left.length);
    vocabulary.push(joined);
  }
  return { specialTokens: new Map(specialTokens.map((token, id) => [token, id])), merges, vocabulary };
}

/** Measures one phase. */
class PhaseClock {
  readonly #start = performance.now();
  readonly phase: TrainBpePhase = { seconds: 0, residentBytes: 0 };

  sample(): void {
    this.phase.residentBytes = Math.max(this.phase.residentBytes, Deno.memoryUsage().rss);
  }

  stop(): void {
    this.sample();
    this.phase.seconds = (performance.now() - this.#start) / 1000;
  }
}
