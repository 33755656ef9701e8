/** The symbols of the formulas, in the order in which a product names them, each with what it stands for. */
export const symbols = {
  b: "batch size, in sequences",
  c: "sequence length, in tokens (context_length)",
  p: "prompt length, in tokens",
  g: "generated tokens",
  t: "tokens in the KV cache, the newest included",
  n: "num_layers",
  h: "num_heads",
  h_kv: "num_kv_heads",
  d_h: "head size, d / h",
  V: "vocab_size",
  d: "d_model",
  d_ff: "d_ff",
} as const satisfies Record<string, string>;

/** One of {@linkcode symbols}. */
export type SymbolName = keyof typeof symbols;

/** Names of {@linkcode symbols} in their order. */
export const symbolOrder = Object.keys(symbols) as readonly SymbolName[];
