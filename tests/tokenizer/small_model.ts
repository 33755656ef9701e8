import type { BpeModel } from "../../lib/tokenizer/bpe_model.ts";

/** The 256 bytes in order and a few merges, without special tokens. */
export function smallModel(): BpeModel {
  const vocabulary = Array.from({ length: 256 }, (_, byte) => new Uint8Array([byte]));
  const merges = ["h|e", "l|l", "he|ll", "hell|o", " |t", " |a", "t|h", "t|he", " t|he"].map((merge) => {
    const [left, right] = merge.split("|").map((part) => new TextEncoder().encode(part));
    vocabulary.push(new Uint8Array([...left, ...right]));
    return [left, right] as const;
  });
  return { specialTokens: new Map(), merges, vocabulary };
}
