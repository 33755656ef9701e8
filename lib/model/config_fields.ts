/** What a person writes of a model's configuration: what has a default may be left out. */
export interface ModelConfigInput {
  /** Number of token ids. */
  vocab_size: number;
  /** Longest sequence, in tokens. */
  context_length: number;
  /** Number of Transformer blocks. */
  num_layers: number;
  /** Width of the residual stream. */
  d_model: number;
  /** Attention heads; d_model is a multiple. */
  num_heads: number;
  /** Key and value heads, shared by num_heads / num_kv_heads query heads each. Default: num_heads. */
  num_kv_heads?: number;
  /** Width of the feed-forward layers. Default: 8/3 d_model to the nearest multiple of 64; 4 d_model for silu. */
  d_ff?: number;
  /** Base of the rotary position embedding's wavelengths. Default: 10,000. */
  rope_theta?: number;
  /** Where RMSNorm stands in a block, if anywhere. Default: pre. */
  norm?: "pre" | "post" | "none";
  /** How positions enter: rotary embedding, or not at all. Default: rope. */
  position?: "rope" | "none";
  /** Feed-forward layer: gated (three matrices) or not (two). Default: swiglu. */
  ffn?: "swiglu" | "silu";
  /** Whether the output head is the token embedding. Default: false. */
  tied_embeddings?: boolean;
  /** Added to the mean square in RMSNorm. Default: 1e-5. */
  rmsnorm_eps?: number;
}

/** A checked configuration, defaults filled in. */
export type ModelConfig = Required<ModelConfigInput>;
