import type { BpeModel } from "./bpe_model.ts";

/**
 * The model with further special tokens. One whose bytes are a token already keeps that id; others are appended to the
 * vocabulary in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const vocabulary = [new TextEncoder().encode("<|pad|>")];
 * const model = withSpecialTokens({ specialTokens: new Map(), merges: [], vocabulary }, ["<|end|>", "<|pad|>"]);
 * assertEquals(model.specialTokens, new Map([["<|end|>", 1], ["<|pad|>", 0]]));
 * ```
 */
export function withSpecialTokens(model: BpeModel, tokens: readonly string[]): BpeModel {
  if (tokens.length === 0) return model;
  const specialTokens = new Map(model.specialTokens);
  const vocabulary = [...model.vocabulary];
  const encoder = new TextEncoder();
  // The lowest id of the bytes, were they there twice.
  const idOf = new Map(vocabulary.map((bytes, id) => [bytes.toHex(), id] as const).reverse());
  for (const token of tokens) {
    if (specialTokens.has(token)) continue;
    const bytes = encoder.encode(token);
    specialTokens.set(token, idOf.get(bytes.toHex()) ?? vocabulary.push(bytes) - 1);
  }
  return { ...model, specialTokens, vocabulary };
}
