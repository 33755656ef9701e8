import type { CountingJob } from "./counting_job.ts";
import { cutContext, lastSafeCut } from "./safe_cut.ts";
import type { SpecialTokenFinder } from "./special_tokens.ts";

const BLOCK = 1 << 21;

/** One text in pieces of UTF-8 bytes or strings, cut anywhere. */
export type TextPieces =
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/**
 * Gathers text that comes in pieces into blocks that can be counted in any order: 2 MiB, cut at the last safe cut. A
 * block doubles while it has none. Each block has memory of its own, so that it can be transferred to another thread.
 */
export async function* cutBlocks(pieces: TextPieces, special: SpecialTokenFinder): AsyncGenerator<CountingJob> {
  const context = cutContext(special);
  let block = new Uint8Array(BLOCK);
  let length = 0;
  let searched = 1; // no safe cut lies before
  for await (const piece of toBytes(pieces)) {
    for (let taken = 0; taken < piece.length;) {
      const part = piece.subarray(taken, taken + block.length - length);
      block.set(part, length);
      length += part.length;
      taken += part.length;
      if (length < block.length) continue;
      const cut = lastSafeCut(block, searched, 0, length, special);
      if (cut >= 0) {
        // Copied before the block is given away: its memory may then be gone.
        const rest = length - cut;
        const next = new Uint8Array(Math.max(BLOCK, 2 * rest));
        next.set(block.subarray(cut, length));
        yield { kind: "block", bytes: block.subarray(0, cut) };
        block = next;
        length = rest;
        searched = 1;
      } else {
        searched = Math.max(1, length - context + 1);
        block = new Uint8Array(block.buffer.transfer(2 * block.length));
      }
    }
  }
  if (length > 0) yield { kind: "block", bytes: block.subarray(0, length) };
}

/** The pieces as bytes. A surrogate pair may be cut between two strings; a surrogate left alone becomes U+FFFD. */
async function* toBytes(pieces: TextPieces): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let high = "";
  for await (const piece of pieces as AsyncIterable<Uint8Array | string>) {
    if (typeof piece === "string") {
      const text = high + piece;
      high = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
      yield encoder.encode(text.slice(0, text.length - high.length));
    } else if (piece instanceof Uint8Array) {
      if (high !== "") yield encoder.encode(high);
      high = "";
      yield piece;
    } else {
      throw new TypeError(`Cannot read the text: a piece of it is ${typeof piece}; give strings or Uint8Arrays`);
    }
  }
  if (high !== "") yield encoder.encode(high);
}
