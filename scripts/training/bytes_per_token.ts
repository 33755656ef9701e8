import type { TokenDataset, Tokenizer } from "../../mod.ts";

// Of longer data only so many tokens from the beginning are looked at: decoding the rest would change no digit shown.
const COUNTED_TOKENS = 1 << 20;

/** Mean length of the tokens of data in bytes of text: what turns nats per token into bits per byte. */
export function bytesPerToken(tokenizer: Tokenizer, data: TokenDataset): number {
  const ids = new Int32Array(Math.min(COUNTED_TOKENS, data.length));
  data.readIds(0, ids);
  return tokenizer.decodeBytes(ids).length / ids.length;
}
