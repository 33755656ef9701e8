import type { OnProgress } from "../data/progress.ts";
import { MergePass } from "./merge_pass.ts";
import { PairHeap } from "./pair_heap.ts";
import { PairIndex } from "./pair_index.ts";
import type { PretokenCounts } from "./pretoken_counts.ts";
import { SymbolBytes } from "./symbol_bytes.ts";
import { TrainingWords } from "./training_words.ts";

const BYTES = 256;
/** Milliseconds of merging after which other work (a timer, Ctrl-C) gets its turn. */
const TURN = 100;

/** Options of {@linkcode learnMerges}. */
export interface LearnMergesOptions {
  /** Called now and then with the number of merges done. */
  onProgress?: OnProgress;
  /** Stops the merging; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Learns byte-pair merges from counted pre-tokens (Sennrich et al., 2016; handout section 2.4): again and again the
 * most frequent pair of neighbouring symbols becomes a symbol; of equally frequent pairs the lexicographically greater
 * one (the left byte string compared first, then the right). Stops early when no pair is left.
 *
 * The work grows with the number of symbols that merges replace, not with merges times words: the index knows the
 * positions of every pair, counts are kept up to date, and the next pair comes from a heap.
 *
 * @param counts The pre-tokens.
 * @param numMerges How many merges to learn at most.
 * @returns The two byte strings of every merge, in order.
 */
export async function learnMerges(
  counts: PretokenCounts,
  numMerges: number,
  { onProgress, signal }: LearnMergesOptions = {},
): Promise<[Uint8Array, Uint8Array][]> {
  const merges: [Uint8Array, Uint8Array][] = [];
  if (numMerges === 0) return merges;
  const words = new TrainingWords(counts);
  const pairs = indexBytePairs(words);
  const symbols = new SymbolBytes(BYTES + Math.min(numMerges, words.symbols.length));
  const heap = new PairHeap(pairs, (a, b) => symbols.compare(a, b));
  for (let pair = 0; pair < pairs.size; pair++) heap.push(pair);
  const pass = new MergePass(words, pairs, symbols.lengths);
  const onNewPair = (pair: number) => heap.push(pair);

  let turnStart = performance.now();
  while (merges.length < numMerges) {
    const pair = heap.pop();
    if (pair < 0) break;
    const left = pairs.left[pair];
    const right = pairs.right[pair];
    merges.push([symbols.of(left), symbols.of(right)]);
    pass.merge(pair, symbols.join(left, right), onNewPair);
    if (performance.now() - turnStart > TURN) {
      onProgress?.({ phase: "merging pairs", done: merges.length, total: numMerges, unit: "merges" });
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      turnStart = performance.now();
    }
  }
  onProgress?.({ phase: "merging pairs", done: merges.length, total: merges.length, unit: "merges" });
  return merges;
}

/** Counts the pairs of neighbouring bytes, then notes the positions of each; a pair is looked up by its two bytes. */
function indexBytePairs(words: TrainingWords): PairIndex {
  const symbols = words.symbols;
  const sums = new Float64Array(BYTES * BYTES);
  const lengths = new Int32Array(BYTES * BYTES);
  let count = 0;
  for (let position = 0; position < symbols.length - 1; position++) {
    const left = symbols[position];
    const right = symbols[position + 1];
    if (left < 0) {
      count = words.countAt(position + 1);
    } else if (right >= 0) {
      sums[left * BYTES + right] += count;
      lengths[left * BYTES + right]++;
    }
  }
  const pairs = new PairIndex();
  const segments: Int32Array[] = [];
  const next = new Int32Array(BYTES * BYTES);
  for (let bytes = 0; bytes < BYTES * BYTES; bytes++) {
    if (lengths[bytes] === 0) continue;
    const pair = pairs.add(bytes >> 8, bytes & 0xff, sums[bytes], lengths[bytes]);
    segments[bytes] = pairs.segment(pair);
    next[bytes] = pairs.offset(pair);
  }
  for (let position = 0; position < symbols.length - 1; position++) {
    const left = symbols[position];
    const right = symbols[position + 1];
    if (left < 0 || right < 0) continue;
    const bytes = left * BYTES + right;
    segments[bytes][next[bytes]++] = position;
  }
  return pairs;
}
