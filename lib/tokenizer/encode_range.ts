import { readFully } from "../data/read_fully.ts";
import { ByteEncoder, ENCODER_PADDING, type EncoderParts } from "./encode_bytes.ts";
import { IdBuffer } from "./id_buffer.ts";

/** The element types of a file of ids. */
export type IdDtype = "uint16" | "uint32";

/** Ids in the narrowest of the two types that holds the vocabulary. */
export type IdArray = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** The type of ids below `vocabSize`. */
export function idDtype(vocabSize: number): IdDtype {
  return vocabSize <= 2 ** 16 ? "uint16" : "uint32";
}

/** Encodes ranges of an open file, one after the other, with buffers that are used again. */
export class RangeEncoder {
  readonly #encoder: ByteEncoder;
  readonly #dtype: IdDtype;
  readonly #output = new IdBuffer(1 << 16);
  #bytes = new Uint8Array(0);

  /** Builds an encoder whose cache serves all ranges. */
  constructor(parts: EncoderParts, dtype: IdDtype) {
    this.#encoder = new ByteEncoder(parts);
    this.#dtype = dtype;
  }

  /**
   * The ids of the bytes from `start` to `end`, taken as a whole text.
   *
   * @param spare Memory for the ids, used if they fit. Without, a long file leaves garbage faster than it is found.
   * @throws {Error} If the file ends before `end`.
   */
  encode(file: Deno.FsFile, start: number, end: number, spare?: ArrayBuffer): IdArray {
    const length = end - start;
    if (this.#bytes.length < length + ENCODER_PADDING) this.#bytes = new Uint8Array(length + ENCODER_PADDING);
    file.seekSync(start, Deno.SeekMode.Start);
    const read = readFully(file, this.#bytes.subarray(0, length));
    if (read < length) {
      throw new Error(
        `Cannot encode the file: it ends at byte ${start + read}, and was longer when encoding began; ` +
          `encode a file that nothing writes to`,
      );
    }
    this.#encoder.encode(this.#bytes, 0, length, true, this.#output);
    return takeNarrow(this.#output, this.#dtype, spare);
  }
}

/**
 * The ids of a buffer, which is empty afterwards, in an array of the file's type.
 *
 * @param spare Memory for them, used if they fit.
 */
export function takeNarrow(output: IdBuffer, dtype: IdDtype, spare?: ArrayBuffer): IdArray {
  const count = output.length;
  const byteLength = count * (dtype === "uint16" ? 2 : 4);
  // A little more than needed, so that the next range probably fits.
  const memory = spare !== undefined && spare.byteLength >= byteLength
    ? spare
    : new ArrayBuffer(byteLength + (byteLength >> 4) * 4);
  const ids = dtype === "uint16" ? new Uint16Array(memory, 0, count) : new Uint32Array(memory, 0, count);
  ids.set(output.ids.subarray(0, count));
  output.length = 0;
  return ids;
}
