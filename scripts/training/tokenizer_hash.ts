import type { Tokenizer } from "../../mod.ts";

/** SHA-256, in hexadecimal, of all that a tokenizer's ids depend on: vocabulary, merges and special tokens. */
export async function tokenizerHash({ model }: Tokenizer): Promise<string> {
  const hex = (bytes: Uint8Array) => bytes.toHex();
  const text = JSON.stringify({
    vocabulary: model.vocabulary.map(hex),
    merges: model.merges.map((pair) => pair.map(hex)),
    specialTokens: [...model.specialTokens],
  });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return hex(new Uint8Array(digest));
}
