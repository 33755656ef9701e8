// The oracle of the encoder: special tokens, pre-tokens and merges by their definitions in obvious code. Byte strings
// are strings of one character a byte.
import type { BpeModel } from "../../lib/tokenizer/bpe_model.ts";
import { referencePretokens } from "./reference_pretokens.ts";

/** The ids of any bytes. */
export function naiveIds({ vocabulary, merges, specialTokens }: BpeModel, bytes: Uint8Array): number[] {
  const special = new Set(specialTokens.values());
  const idOf = new Map(vocabulary.flatMap((token, id) => special.has(id) ? [] : [[latin1(token), id] as const]));
  const ranks = new Map(merges.map((pair, rank) => [JSON.stringify(pair.map(latin1)), rank]));
  const borders = [...special].map((id) => [latin1(vocabulary[id]), id] as const);
  borders.sort(([a], [b]) => b.length - a.length);
  const text = latin1(bytes);
  const ids: number[] = [];
  let start = 0;
  const encodeBefore = (end: number) => {
    for (const word of referencePretokens(bytes.subarray(start, end))) {
      for (const token of mergeAll([...latin1(word)], ranks)) ids.push(idOf.get(token)!);
    }
  };
  for (let position = 0; position < text.length;) {
    const border = borders.find(([token]) => text.startsWith(token, position));
    position += border?.[0].length ?? 1;
    if (border === undefined) continue;
    encodeBefore(position - border[0].length);
    ids.push(border[1]);
    start = position;
  }
  encodeBefore(text.length);
  return ids;
}

/** Merges the leftmost pair of lowest rank until no pair merges. */
function mergeAll(tokens: string[], ranks: ReadonlyMap<string, number>): string[] {
  for (;;) {
    const found = tokens.slice(1).map((right, index) => ranks.get(JSON.stringify([tokens[index], right])) ?? Infinity);
    const lowest = found.reduce((a, b) => Math.min(a, b), Infinity);
    if (lowest === Infinity) return tokens;
    const at = found.indexOf(lowest);
    tokens.splice(at, 2, tokens[at] + tokens[at + 1]);
  }
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
