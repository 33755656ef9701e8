import { type Expression, product, type Values } from "./expression.ts";

/** What the accounting needs to know of a model's configuration; names and meaning are those of the configuration. */
export interface ModelShape {
  /** Number of token ids. */
  vocab_size: number;
  /** Longest sequence, in tokens. */
  context_length: number;
  /** Number of Transformer blocks. */
  num_layers: number;
  /** Width of the residual stream. */
  d_model: number;
  /** Query heads. */
  num_heads: number;
  /** Key and value heads. */
  num_kv_heads: number;
  /** Width of the feed-forward layers. */
  d_ff: number;
  /** Where the blocks normalize, if they do. */
  norm: "pre" | "post" | "none";
  /** How positions enter. */
  position: "rope" | "none";
  /** Kind of feed-forward layer: swiglu has three matrices, silu two. */
  ffn: "swiglu" | "silu";
  /** Whether the output head is the token embedding. */
  tied_embeddings: boolean;
}

/** The symbols' values for a model and a batch of whole sequences. */
export function valuesOf(model: ModelShape, batchSize = 1, sequenceLength = model.context_length): Values {
  return {
    b: BigInt(batchSize),
    c: BigInt(sequenceLength),
    n: BigInt(model.num_layers),
    h: BigInt(model.num_heads),
    h_kv: BigInt(model.num_kv_heads),
    d_h: BigInt(model.d_model / model.num_heads),
    V: BigInt(model.vocab_size),
    d: BigInt(model.d_model),
    d_ff: BigInt(model.d_ff),
  };
}

/** Width of all keys of a token: d, or h_kv d_h where query heads share key heads. */
export function keyWidth(model: ModelShape): Expression {
  return model.num_kv_heads === model.num_heads ? product("d") : product("h_kv", "d_h");
}
