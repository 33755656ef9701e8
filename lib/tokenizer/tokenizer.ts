import type { BpeModel } from "./bpe_model.ts";
import { ByteEncoder, type EncoderParts } from "./encode_bytes.ts";
import { encodeFile, type EncodeFileOptions, type EncodeFileReport } from "./encode_file.ts";
import { readGpt2Files } from "./gpt2_format.ts";
import { MergeTable } from "./merge_table.ts";
import { withSpecialTokens } from "./add_special_tokens.ts";
import { TextStream } from "./text_stream.ts";
import { readTokenizerFolder, type TokenizerFormat, writeTokenizerFolder } from "./tokenizer_folder.ts";

/** Options of {@linkcode Tokenizer.load}, {@linkcode Tokenizer.fromFiles}. */
export interface LoadTokenizerOptions {
  /**
   * Special tokens besides those that the files name. One that the vocabulary holds keeps its id; others take the next
   * free ids, in order.
   */
  specialTokens?: readonly string[];
}

/**
 * A byte-level BPE tokenizer with GPT-2's pre-tokenizer (Sennrich et al., 2016; Radford et al., 2019; handout section
 * 2.6). Encoding is exact for any text and any bytes, and decoding its inverse: `decode(encode(text)) === text` for
 * every well-formed string. Where special tokens overlap, the one that begins first wins, and of those the longest.
 *
 * A tokenizer remembers the ids of pre-tokens that it has seen, in some megabytes that do not grow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = Array.from({ length: 256 }, (_, byte) => new Uint8Array([byte]));
 * const [h, i] = [bytes[0x68], bytes[0x69]];
 * const end = new TextEncoder().encode("<|end|>");
 * const tokenizer = Tokenizer.fromModel({
 *   specialTokens: new Map([["<|end|>", 256]]),
 *   merges: [[h, i]],
 *   vocabulary: [...bytes, end, new Uint8Array([0x68, 0x69])],
 * });
 * assertEquals(tokenizer.encode("hi<|end|>!"), new Uint32Array([257, 256, 33]));
 * assertEquals(tokenizer.decode([257, 256, 33]), "hi<|end|>!");
 * ```
 */
export class Tokenizer {
  /** The vocabulary and merges. */
  readonly model: BpeModel;
  readonly #parts: EncoderParts;
  readonly #encoder: ByteEncoder;
  readonly #stream: TextStream;
  readonly #ordinaryStream: TextStream;
  // The bytes of all tokens one after the other, and where each begins: a decoded token is a copy, not a lookup of
  // objects.
  readonly #tokenBytes: Uint8Array;
  readonly #tokenStarts: Uint32Array;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  private constructor(model: BpeModel) {
    for (const [token, id] of model.specialTokens) {
      if (model.vocabulary[id] === undefined) {
        throw new RangeError(
          `Cannot use special token ${JSON.stringify(token)}: its id is ${id}, the vocabulary has ` +
            `${model.vocabulary.length} tokens`,
        );
      }
    }
    this.model = model;
    this.#parts = { merges: MergeTable.fromModel(model).parts, specialTokens: model.specialTokens };
    this.#encoder = new ByteEncoder(this.#parts);
    this.#stream = new TextStream(this.#encoder, true);
    this.#ordinaryStream = new TextStream(this.#encoder, false);
    this.#tokenStarts = new Uint32Array(model.vocabulary.length + 1);
    for (const [id, bytes] of model.vocabulary.entries()) {
      this.#tokenStarts[id + 1] = this.#tokenStarts[id] + bytes.length;
    }
    this.#tokenBytes = new Uint8Array(this.#tokenStarts[model.vocabulary.length]);
    for (const [id, bytes] of model.vocabulary.entries()) this.#tokenBytes.set(bytes, this.#tokenStarts[id]);
  }

  /**
   * The tokenizer of a model, for instance a trained one.
   *
   * @throws {RangeError} If the vocabulary lacks a byte, a merge's part or its product, or two ids hold the same bytes.
   */
  static fromModel(model: BpeModel): Tokenizer {
    return new Tokenizer(model);
  }

  /**
   * Loads the tokenizer in a folder: Hugging Face's `tokenizer.json`, or GPT-2's `vocab.json` and `merges.txt`, or
   * `tokenizer.tiktoken` with `special_tokens.json`.
   *
   * @throws {Deno.errors.NotFound} If none of these files is there.
   * @throws {Error} If the files are malformed or ask for what is not supported; the message says which and where.
   */
  static async load(folder: string, { specialTokens = [] }: LoadTokenizerOptions = {}): Promise<Tokenizer> {
    return new Tokenizer(withSpecialTokens(await readTokenizerFolder(folder), specialTokens));
  }

  /**
   * Loads GPT-2's pair of files. Entries of the vocabulary that are neither a byte nor made by a merge are special
   * tokens.
   *
   * @param vocabPath `vocab.json`: an object of token to id.
   * @param mergesPath `merges.txt`: a merge a line.
   * @throws {Error} If a file is malformed; the message says which and where.
   */
  static async fromFiles(
    vocabPath: string,
    mergesPath: string,
    { specialTokens = [] }: LoadTokenizerOptions = {},
  ): Promise<Tokenizer> {
    return new Tokenizer(withSpecialTokens(await readGpt2Files(vocabPath, mergesPath), specialTokens));
  }

  /**
   * Saves the tokenizer in a folder, which is made if need be; a file is replaced when all are written.
   *
   * @throws {Error} If the folder holds a tokenizer in another format.
   * @throws {RangeError} If the format cannot hold this tokenizer.
   */
  async save(folder: string, format: TokenizerFormat): Promise<void> {
    await writeTokenizerFolder(folder, this.model, format);
  }

  /** Number of tokens, special ones included: ids go from 0 to `vocabSize - 1`. */
  get vocabSize(): number {
    return this.model.vocabulary.length;
  }

  /**
   * The ids of a text. Special tokens in it become their ids; lone surrogates, which UTF-8 cannot hold, are encoded as
   * U+FFFD.
   */
  encode(text: string): Uint32Array<ArrayBuffer> {
    return encodeWhole(this.#stream, text);
  }

  /** The ids of a text in which the text of a special token is text like any other. */
  encodeOrdinary(text: string): Uint32Array<ArrayBuffer> {
    return encodeWhole(this.#ordinaryStream, text);
  }

  /**
   * The ids of UTF-8 bytes, special tokens recognized. Bytes that are part of no well-formed character are encoded as
   * they are, so {@linkcode decodeBytes} gives back any bytes at all.
   */
  encodeBytes(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
    return encodeWhole(this.#stream, bytes);
  }

  /**
   * The ids of a text that comes in pieces, strings or UTF-8 bytes, cut anywhere, even inside a character or a special
   * token: together the same as those of the whole. Memory does not grow with the text, only with its longest
   * pre-token.
   *
   * @returns Arrays of ids, one for each piece that decides any; from an asynchronous source, asynchronously.
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * const vocabulary = Array.from({ length: 256 }, (_, byte) => new Uint8Array([byte]));
   * const tokenizer = Tokenizer.fromModel({ specialTokens: new Map(), merges: [], vocabulary });
   * const ids: number[] = [];
   * for (const some of tokenizer.encodeIterable(["a", "b c"])) ids.push(...some);
   * assertEquals(ids, [97, 98, 32, 99]);
   * ```
   */
  encodeIterable(pieces: Iterable<string | Uint8Array>): Generator<Uint32Array<ArrayBuffer>, void>;
  /** The same for a text whose pieces come asynchronously. */
  encodeIterable(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint32Array<ArrayBuffer>, void>;
  encodeIterable(
    pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  ): Generator<Uint32Array<ArrayBuffer>, void> | AsyncGenerator<Uint32Array<ArrayBuffer>, void> {
    const stream = new TextStream(this.#encoder, true);
    // A text by itself is its characters, one after the other.
    if (typeof pieces === "string") return encodeSync(stream, [pieces]);
    return Symbol.asyncIterator in pieces ? encodeAsync(stream, pieces) : encodeSync(stream, pieces);
  }

  /**
   * Encodes a file or a stream to a one-dimensional `.npy` file of ids: those of the input as one text. The type is
   * uint16 if every id fits, else uint32. Memory does not grow with the text, and `outputPath` appears when it is
   * whole.
   *
   * @param input Path of UTF-8 text, which is encoded on several threads, or, if the name ends in `.gz`, unpacked and
   *   encoded on one; or the text's bytes in pieces cut anywhere, such as `Deno.stdin.readable`, encoded on one thread.
   * @throws {Error} If the file changes while it is read, or a `.gz` file is damaged.
   * @throws {TypeError} If the path is that of a pipe or device.
   * @throws {RangeError} If the output is the input.
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { openNpy } from "../data/npy.ts";
   * const vocabulary = Array.from({ length: 256 }, (_, byte) => new Uint8Array([byte]));
   * const tokenizer = Tokenizer.fromModel({ specialTokens: new Map(), merges: [], vocabulary });
   * const path = Deno.makeTempFileSync({ suffix: ".npy" });
   * const { tokens, dtype } = await tokenizer.encodeFile(new Blob(["abc"]).stream(), path);
   * assertEquals([tokens, dtype], [3, "uint16"]);
   * {
   *   using ids = openNpy(path);
   *   assertEquals(ids.read(0, 3), new Uint16Array([97, 98, 99]));
   * }
   * Deno.removeSync(path);
   * ```
   */
  async encodeFile(
    input: string | AsyncIterable<Uint8Array>,
    outputPath: string,
    options: EncodeFileOptions = {},
  ): Promise<EncodeFileReport> {
    return await encodeFile(this.#parts, this.vocabSize, input, outputPath, options);
  }

  /**
   * The text of ids. Where their bytes are no well-formed UTF-8, each maximal malformed part becomes U+FFFD, as with
   * Python's `errors="replace"`.
   *
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>): string {
    return this.#decoder.decode(this.decodeBytes(ids));
  }

  /**
   * The bytes of ids.
   *
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decodeBytes(ids: ArrayLike<number>): Uint8Array<ArrayBuffer> {
    const starts = this.#tokenStarts;
    let length = 0;
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index];
      if (!(id >= 0 && id < this.vocabSize && Number.isInteger(id))) this.#refuse(id, ` at index ${index}`);
      length += starts[id + 1] - starts[id];
    }
    const bytes = new Uint8Array(length);
    const tokenBytes = this.#tokenBytes;
    let at = 0;
    for (let index = 0; index < ids.length; index++) {
      const end = starts[ids[index] + 1];
      for (let from = starts[ids[index]]; from < end; from++) bytes[at++] = tokenBytes[from];
    }
    return bytes;
  }

  /**
   * The bytes of one token.
   *
   * @throws {RangeError} If the id is not in the vocabulary.
   */
  idToBytes(id: number): Uint8Array<ArrayBuffer> {
    if (!(id >= 0 && id < this.vocabSize && Number.isInteger(id))) this.#refuse(id, "");
    return this.#tokenBytes.slice(this.#tokenStarts[id], this.#tokenStarts[id + 1]);
  }

  /** The id of a special token, or `undefined` if it is none. */
  specialTokenToId(token: string): number | undefined {
    return this.model.specialTokens.get(token);
  }

  #refuse(id: number, where: string): never {
    throw new RangeError(
      `Cannot decode id ${id}${where}: ids are whole numbers from 0 to ${this.vocabSize - 1}; ` +
        `take the tokenizer that the text was encoded with`,
    );
  }
}

function encodeWhole(stream: TextStream, text: string | Uint8Array): Uint32Array<ArrayBuffer> {
  // Room for about as many ids as there will be: pages that are not reached cost nothing, growing step by step would.
  stream.output.reserve(text.length >> 1);
  stream.push(text);
  stream.finish();
  return stream.output.take();
}

function* encodeSync(
  stream: TextStream,
  pieces: Iterable<string | Uint8Array>,
): Generator<Uint32Array<ArrayBuffer>, void> {
  for (const piece of pieces) {
    stream.push(piece);
    if (stream.output.length > 0) yield stream.output.take();
  }
  stream.finish();
  if (stream.output.length > 0) yield stream.output.take();
}

async function* encodeAsync(
  stream: TextStream,
  pieces: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<Uint32Array<ArrayBuffer>, void> {
  for await (const piece of pieces) {
    stream.push(piece);
    if (stream.output.length > 0) yield stream.output.take();
  }
  stream.finish();
  if (stream.output.length > 0) yield stream.output.take();
}
