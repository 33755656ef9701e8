// The oracle of the trainer: the definition of byte-pair encoding in obvious code. Symbols are strings of one character
// per byte, so that the order of strings is the order of bytes.
import { referencePretokens } from "./reference_pretokens.ts";

/** Merges learned from a text, each as "left right" in hexadecimal. */
export function naiveMerges(text: Uint8Array, specialTokens: readonly string[], numMerges: number): string[] {
  let words = naivePieces(text, specialTokens).flatMap(referencePretokens).map((word) => [...latin1(word)]);
  const merges: string[] = [];
  while (merges.length < numMerges) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let index = 1; index < word.length; index++) {
        const pair = JSON.stringify([word[index - 1], word[index]]);
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const best = [...counts].map(([pair, count]) => ({ pair: JSON.parse(pair) as [string, string], count }))
      .reduce((a, b) => isBetter(b, a) ? b : a, { pair: ["", ""] as [string, string], count: 0 });
    if (best.count === 0) break;
    merges.push(best.pair.map(hex).join(" "));
    words = words.map((word) => mergeIn(word, best.pair));
  }
  return merges;
}

type Candidate = { pair: [string, string]; count: number };

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.pair[0] !== b.pair[0] ? a.pair[0] > b.pair[0] : a.pair[1] > b.pair[1];
}

function mergeIn(word: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let index = 0; index < word.length; index++) {
    if (word[index] === left && word[index + 1] === right) merged.push(word[index++] + right);
    else merged.push(word[index]);
  }
  return merged;
}

/** The text between special tokens, found by trying every token at every position, the longest first. */
export function naivePieces(text: Uint8Array, specialTokens: readonly string[]): Uint8Array[] {
  const bytes = latin1(text);
  const tokens = specialTokens.map((token) => latin1(new TextEncoder().encode(token)));
  tokens.sort((a, b) => b.length - a.length);
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let position = 0; position < bytes.length;) {
    const token = tokens.find((token) => bytes.startsWith(token, position));
    if (token !== undefined) pieces.push(text.subarray(start, position));
    position += token?.length ?? 1;
    if (token !== undefined) start = position;
  }
  return [...pieces, text.subarray(start)];
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function hex(symbol: string): string {
  return Uint8Array.from(symbol, (character) => character.charCodeAt(0)).toHex();
}
