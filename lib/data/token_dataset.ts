import type { Random } from "../tensor/random.ts";
import { NpyReader, openNpy } from "./npy.ts";
import { batchesInOrder, checkSequence, drawBatch, type TokenBatch, type TokenSource } from "./token_batch.ts";

// What is looked at when a file is opened, in blocks spread evenly over it: a file from another tokenizer is found
// before training begins, and without reading all of a file of gigabytes. Each id is looked at again when it is used.
const CHECKED_BLOCKS = 64;
const CHECKED_BLOCK_LENGTH = 65_536;

/** What a dataset is checked against. */
export interface TokenDatasetOptions {
  /** Entries of the vocabulary; every id must be below. */
  vocabSize: number;
}

/**
 * Token ids to train or evaluate on: a `.npy` file of which only what a batch needs is read, or an array in memory.
 * Every id that is handed out is below the size of the vocabulary.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Random } from "../tensor/random.ts";
 * import { writeNpy } from "./npy.ts";
 * const path = Deno.makeTempFileSync({ suffix: ".npy" });
 * writeNpy(path, Uint16Array.from({ length: 1000 }, (_, i) => i % 50));
 * {
 *   using data = TokenDataset.open(path, { vocabSize: 50 });
 *   const { inputs, targets } = data.sample(new Random(0), 2, 16);
 *   assertEquals([data.length, inputs.length], [1000, 32]);
 *   assertEquals(targets, inputs.map((id) => (id + 1) % 50));
 * }
 * Deno.removeSync(path);
 * ```
 */
export class TokenDataset implements Disposable {
  /** Entries of the vocabulary; every id is below. */
  readonly vocabSize: number;
  #source: NpyReader | Uint16Array | Uint32Array | Int32Array;
  #name: string;
  #ids: TokenSource;

  private constructor(source: NpyReader | Uint16Array | Uint32Array | Int32Array, name: string, vocabSize: number) {
    if (!Number.isSafeInteger(vocabSize) || vocabSize < 1) {
      throw new RangeError(`Cannot use ${name}: vocab_size is ${vocabSize}; it must be a whole number above 0`);
    }
    this.vocabSize = vocabSize;
    this.#source = source;
    this.#name = name;
    this.#ids = { length: source.length, readIds: (start, target) => this.readIds(start, target) };
  }

  /**
   * Opens a one-dimensional `.npy` file of uint16 or uint32 ids, as `deno task encode` writes it.
   *
   * @throws {TypeError} If the file holds another type.
   * @throws {RangeError} If an id is not below `vocabSize`; of a large file a sample is looked at here, and every id
   * when it is used.
   * @throws {Error} If the file is malformed, see {@linkcode openNpy}.
   */
  static open(path: string, { vocabSize }: TokenDatasetOptions): TokenDataset {
    const reader = openNpy(path);
    try {
      if (reader.dtype !== "uint16" && reader.dtype !== "uint32") {
        throw new TypeError(
          `Cannot use ${path}: it holds ${reader.dtype}; expected token ids as uint16 or uint32, try deno task encode`,
        );
      }
      const dataset = new TokenDataset(reader, path, vocabSize);
      dataset.#checkSample();
      return dataset;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  /**
   * Takes ids in memory; they are not copied.
   *
   * @throws {RangeError} If an id is not below `vocabSize`.
   */
  static fromIds(ids: Uint16Array | Uint32Array | Int32Array, { vocabSize }: TokenDatasetOptions): TokenDataset {
    const dataset = new TokenDataset(ids, "the token ids", vocabSize);
    dataset.#checkSample();
    return dataset;
  }

  /** Number of tokens. */
  get length(): number {
    return this.#source.length;
  }

  /**
   * Draws sequences that begin anywhere, each place equally likely (handout section 5.1). Which ones depends on
   * `random` alone.
   *
   * @returns Inputs and targets, each [batchSize, contextLength].
   * @throws {RangeError} If the data are shorter than `contextLength + 1`, or an id is outside of the vocabulary.
   */
  sample(random: Random, batchSize: number, contextLength: number): TokenBatch {
    return drawBatch(this.#ids, random, batchSize, contextLength);
  }

  /**
   * The data from the start in sequences that follow one another without overlap, the same each time, for evaluation.
   *
   * @param count The most batches to give; `Infinity` for all. The last of all may have fewer sequences.
   * @throws {RangeError} If the data are shorter than `contextLength + 1` or a size is none, at the call; if an id is
   * outside of the vocabulary, when its batch is asked for.
   */
  windows(count: number, batchSize: number, contextLength: number): Generator<TokenBatch, void, undefined> {
    return batchesInOrder(this.#ids, count, batchSize, contextLength);
  }

  /**
   * Checks that the data hold a sequence and the token that follows it.
   *
   * @throws {RangeError} If they do not.
   */
  checkSequence(contextLength: number): void {
    checkSequence(this.length, contextLength);
  }

  /**
   * Reads the ids from `start` on until `target` is full.
   *
   * @throws {RangeError} If an id is outside of the vocabulary, or the data end before.
   */
  readIds(start: number, target: Int32Array): void {
    const source = this.#source;
    if (source instanceof NpyReader) {
      target.set(source.read(start, target.length) as Uint16Array | Uint32Array);
    } else {
      if (start + target.length > source.length) {
        throw new RangeError(`Cannot read ${this.#name}: ${start + target.length} were asked for, of ${source.length}`);
      }
      target.set(source.subarray(start, start + target.length));
    }
    for (let i = 0; i < target.length; i++) {
      // Ids of 2^31 and more have become negative; unsigned they compare as what they are.
      if (target[i] >>> 0 >= this.vocabSize) {
        throw new RangeError(
          `Cannot use ${this.#name}: token ${start + i} is ${target[i] >>> 0}, and the vocabulary has ` +
            `${this.vocabSize} entries; try encoding with this model's tokenizer, or a larger vocab_size`,
        );
      }
    }
  }

  /** Closes the file. */
  close(): void {
    if (this.#source instanceof NpyReader) this.#source.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  #checkSample(): void {
    const blocks = Math.min(CHECKED_BLOCKS, Math.ceil(this.length / CHECKED_BLOCK_LENGTH));
    const block = new Int32Array(Math.min(CHECKED_BLOCK_LENGTH, this.length));
    // The first block begins at the start and the last one ends at the end, so that few blocks cover everything.
    for (let i = 0; i < blocks; i++) {
      this.readIds(blocks === 1 ? 0 : Math.floor((this.length - block.length) * i / (blocks - 1)), block);
    }
  }
}
