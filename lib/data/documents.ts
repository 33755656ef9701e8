import { Buffer } from "node:buffer";
import type { Random } from "../tensor/random.ts";

/**
 * Splits a stream of bytes into documents at a separator, which is left out, as is white space around a document.
 * Empty documents are passed over. Only the document at hand is held in memory.
 *
 * @param chunks The text in pieces; a separator may be cut anywhere.
 * @param separator What stands between documents; `<|endoftext|>` in TinyStories and in OpenWebText.
 * @throws {RangeError} If the separator is empty.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const text = new TextEncoder().encode("One.\n<|endoftext|>\nTwo.\n");
 * const found = await Array.fromAsync(documents([text], "<|endoftext|>"), (bytes) => new TextDecoder().decode(bytes));
 * assertEquals(found, ["One.", "Two."]);
 * ```
 */
export async function* documents(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  separator: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (separator === "") throw new RangeError("Cannot split into documents: the separator is empty; try <|endoftext|>");
  const border = Buffer.from(separator);
  let pieces: Buffer[] = []; // of the document that has begun, without a border in them
  for await (const chunk of chunks) {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // A border may lie across the pieces: look at their last bytes together with the chunk.
    const last = pieces.at(-1);
    if (last) {
      pieces[pieces.length - 1] = last.subarray(0, Math.max(0, last.length - border.length + 1));
      bytes = Buffer.concat([last.subarray(pieces[pieces.length - 1].length), bytes]);
    }
    let start = 0;
    for (let end = bytes.indexOf(border); end >= 0; end = bytes.indexOf(border, start)) {
      const document = trimmed(Buffer.concat([...pieces, bytes.subarray(start, end)]));
      if (document.length > 0) yield document;
      pieces = [];
      start = end + border.length;
    }
    // The chunk belongs to the caller, who may fill it anew: keep a copy. One long piece instead of many short ones
    // keeps the look at the last bytes above right, whatever the size of chunks.
    const rest = Buffer.from(bytes.subarray(start));
    if (rest.length < border.length && pieces.length > 0) {
      pieces[pieces.length - 1] = Buffer.concat([pieces.at(-1)!, rest]);
    } else if (rest.length > 0) pieces.push(rest);
  }
  const document = trimmed(Buffer.concat(pieces));
  if (document.length > 0) yield document;
}

/**
 * Draws documents without replacement, each equally likely, in one pass (reservoir sampling; Vitter, 1985), and returns
 * them in the order of the text. All are returned where there are no more than `count`.
 *
 * @param count How many to draw.
 * @param random Decides which.
 * @throws {RangeError} If count is not a whole number of at least 0.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Random } from "../tensor/random.ts";
 * const text = new TextEncoder().encode("One.<|endoftext|>Two.<|endoftext|>Three.");
 * const drawn = await sampleDocuments(documents([text], "<|endoftext|>"), 2, new Random(1));
 * assertEquals(drawn.length, 2);
 * ```
 */
export async function sampleDocuments(
  source: AsyncIterable<Uint8Array<ArrayBuffer>>,
  count: number,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>[]> {
  if (!(Number.isSafeInteger(count) && count >= 0)) {
    throw new RangeError(`Cannot draw documents: count is ${count}; it must be a whole number of at least 0`);
  }
  const drawn: { index: number; document: Uint8Array<ArrayBuffer> }[] = [];
  let index = 0;
  for await (const document of source) {
    if (drawn.length < count) drawn.push({ index, document });
    else {
      const place = random.below(index + 1);
      if (place < count) drawn[place] = { index, document };
    }
    index++;
  }
  return drawn.sort((a, b) => a.index - b.index).map(({ document }) => document);
}

function trimmed(bytes: Buffer): Uint8Array<ArrayBuffer> {
  let start = 0, end = bytes.length;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return new Uint8Array(bytes.subarray(start, end));
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
