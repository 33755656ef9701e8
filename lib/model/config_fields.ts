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
  /** Width of the feed-forward layers. Default: 8/3 d_model to the nearest multiple of 64; 4 d_model without a gate. */
  d_ff?: number;
  /** Base of the rotary position embedding's wavelengths. Default: 10,000. */
  rope_theta?: number;
  /** Where RMSNorm stands in a block, if anywhere. Default: pre. */
  norm?: "pre" | "post" | "none";
  /** How positions enter: rotary embedding, or not at all. Default: rope. */
  position?: "rope" | "none";
  /** Feed-forward layer: gated (three matrices), or two matrices around SiLU or the squared ReLU. Default: swiglu. */
  ffn?: "swiglu" | "silu" | "relu2";
  /**
   * Whether every head's queries and keys go through an RMSNorm of their own before they are rotated. Default: false.
   */
  qk_norm?: boolean;
  /** Whether the output head is the token embedding. Default: false. */
  tied_embeddings?: boolean;
  /** Standard deviation with which token embeddings start, truncated at three of them. Default: 1. */
  embedding_std?: number;
  /**
   * How the layers start whose results are added to the residual stream (output_proj and w2): as all others, smaller by
   * sqrt(2 num_layers), or at zero. Default: normal.
   */
  output_init?: "normal" | "depth_scaled" | "zero";
  /** Added to the mean square in RMSNorm. Default: 1e-5. */
  rmsnorm_eps?: number;
}

/** A checked configuration, defaults filled in. */
export type ModelConfig = Required<ModelConfigInput>;
