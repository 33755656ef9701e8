import type { Random } from "../tensor/random.ts";

/** Sequences for one step of training or evaluation. */
export interface TokenBatch {
  /** Token ids, [batch_size, context_length] row-major. */
  inputs: Int32Array<ArrayBuffer>;
  /** For each input the token that follows it, [batch_size, context_length] row-major. */
  targets: Int32Array<ArrayBuffer>;
}

/** Token ids that can be read from any place. */
export interface TokenSource {
  /** Number of ids. */
  readonly length: number;
  /** Fills `target` with the ids from `start` on. */
  readIds(start: number, target: Int32Array): void;
}

/**
 * Draws sequences that begin anywhere in the data, each place equally likely, with replacement (handout section 5.1).
 *
 * @param source At least `contextLength + 1` ids.
 * @param random Decides where; one number is drawn per sequence, before anything is read, whatever the device.
 * @throws {RangeError} If the data are too short or a size is not a whole number above 0.
 */
export function drawBatch(source: TokenSource, random: Random, batchSize: number, contextLength: number): TokenBatch {
  checkSequence(source.length, contextLength);
  checkBatchSize(batchSize, contextLength);
  const places = source.length - contextLength;
  return readBatch(source, Float64Array.from({ length: batchSize }, () => drawBelow(random, places)), contextLength);
}

/**
 * The data from the start, cut into sequences one after the other that do not overlap, for evaluation: the same
 * sequences each time. What is left at the end, shorter than a sequence, is left out.
 *
 * @param count The most batches to give; `Infinity` for all. The last of all may have fewer sequences.
 * @throws {RangeError} At the call, if the data are too short or a size is not a whole number above 0.
 */
export function batchesInOrder(
  source: TokenSource,
  count: number,
  batchSize: number,
  contextLength: number,
): Generator<TokenBatch, void, undefined> {
  checkSequence(source.length, contextLength);
  checkBatchSize(batchSize, contextLength);
  if (!(count === Infinity || (Number.isSafeInteger(count) && count >= 0))) {
    throw new RangeError(`Cannot make batches: their number is ${count}; give a whole number, or Infinity for all`);
  }
  const sequences = Math.min(Math.floor((source.length - 1) / contextLength), count * batchSize);
  return readInOrder(source, sequences, batchSize, contextLength);
}

function* readInOrder(
  source: TokenSource,
  sequences: number,
  batchSize: number,
  contextLength: number,
): Generator<TokenBatch, void, undefined> {
  for (let first = 0; first < sequences; first += batchSize) {
    const size = Math.min(batchSize, sequences - first);
    yield readBatch(source, Float64Array.from({ length: size }, (_, i) => (first + i) * contextLength), contextLength);
  }
}

/**
 * Draws a batch from token ids in memory (handout section 5.1, `get_batch`).
 *
 * @param ids At least `contextLength + 1` token ids.
 * @returns Inputs and, one place further, targets, each [batchSize, contextLength].
 * @throws {RangeError} If there are too few ids or a size is not a whole number above 0.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Random } from "../tensor/random.ts";
 * const ids = Uint16Array.from({ length: 100 }, (_, i) => i);
 * const { inputs, targets } = getBatch(ids, 4, 8, new Random(1));
 * assertEquals([inputs.length, targets.length], [32, 32]);
 * assertEquals(targets, inputs.map((id) => id + 1));
 * ```
 */
export function getBatch(
  ids: Uint16Array | Uint32Array | Int32Array,
  batchSize: number,
  contextLength: number,
  random: Random,
): TokenBatch {
  const source = {
    length: ids.length,
    readIds: (start: number, target: Int32Array) => target.set(ids.subarray(start, start + target.length)),
  };
  return drawBatch(source, random, batchSize, contextLength);
}

/**
 * Checks that data hold a sequence and the token that follows it.
 *
 * @throws {RangeError} If they do not.
 */
export function checkSequence(length: number, contextLength: number): void {
  if (!Number.isSafeInteger(contextLength) || contextLength < 1) {
    throw new RangeError(`Cannot make a batch: context_length is ${contextLength}; it must be a whole number above 0`);
  }
  if (length < contextLength + 1) {
    throw new RangeError(
      `Cannot make a batch: the data have ${length} tokens, a sequence of ${contextLength} and the token after it need ` +
        `${contextLength + 1}; try more data or a smaller context_length`,
    );
  }
}

// What a typed array of 32-bit elements can hold on every machine, and more than any device's memory takes at once.
const MOST_TOKENS = 2 ** 31 - 1;

function checkBatchSize(batchSize: number, contextLength: number): void {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`Cannot make a batch: batch_size is ${batchSize}; it must be a whole number above 0`);
  }
  if (batchSize * contextLength > MOST_TOKENS) {
    throw new RangeError(
      `Cannot make a batch: ${batchSize} sequences of ${contextLength} are ${batchSize * contextLength} tokens; ` +
        `expected at most ${MOST_TOKENS}, try a smaller batch_size`,
    );
  }
}

function readBatch(source: TokenSource, starts: Float64Array, contextLength: number): TokenBatch {
  const inputs = new Int32Array(starts.length * contextLength);
  const targets = new Int32Array(starts.length * contextLength);
  const sequence = new Int32Array(contextLength + 1);
  for (let row = 0; row < starts.length; row++) {
    source.readIds(starts[row], sequence);
    inputs.set(sequence.subarray(0, contextLength), row * contextLength);
    targets.set(sequence.subarray(1), row * contextLength);
  }
  return { inputs, targets };
}

/** A place below `bound`, which may be past the 2^32 that one random integer reaches. */
function drawBelow(random: Random, bound: number): number {
  return bound <= 4294967296 ? random.below(bound) : Math.floor(random.uniform() * bound);
}
