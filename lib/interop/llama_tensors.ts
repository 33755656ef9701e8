import type { ModelConfig } from "../model/config_fields.ts";
import { parameterLayout } from "../model/parameter_layout.ts";

/** One tensor under its two names. */
export interface LlamaTensor {
  /** In the CS336 state dict, such as "layers.0.attn.q_proj.weight". */
  ours: string;
  /** In a Llama checkpoint, such as "model.layers.0.self_attn.q_proj.weight". */
  theirs: string;
  /** The same in both. */
  shape: readonly number[];
  /** Heads whose rows the rotary embedding pairs, and which are ordered differently: those of q_proj and k_proj. */
  rotaryHeads?: number;
}

const OUTSIDE_OF_LAYERS: Record<string, string> = {
  "token_embeddings": "model.embed_tokens",
  "ln_final": "model.norm",
  "lm_head": "lm_head",
};

const IN_A_LAYER: Record<string, string> = {
  "ln1": "input_layernorm",
  "attn.q_proj": "self_attn.q_proj",
  "attn.k_proj": "self_attn.k_proj",
  "attn.v_proj": "self_attn.v_proj",
  "attn.output_proj": "self_attn.o_proj",
  "ln2": "post_attention_layernorm",
  "ffn.w1": "mlp.gate_proj",
  "ffn.w2": "mlp.down_proj",
  "ffn.w3": "mlp.up_proj",
};

/**
 * All tensors of a model that both sides know, in our order.
 *
 * @param config Of a model that Llama can express: see `llamaConfigOf()`.
 */
export function llamaTensors(config: ModelConfig): LlamaTensor[] {
  return parameterLayout(config).flatMap(({ members }) => members).map(({ name, shape }) => {
    const [, layer, part] = /^(?:layers\.(\d+)\.)?(.+)\.weight$/.exec(name)!;
    return {
      ours: name,
      theirs: layer === undefined
        ? `${OUTSIDE_OF_LAYERS[part]}.weight`
        : `model.layers.${layer}.${IN_A_LAYER[part]}.weight`,
      shape,
      ...(part === "attn.q_proj" && { rotaryHeads: config.num_heads }),
      ...(part === "attn.k_proj" && { rotaryHeads: config.num_kv_heads }),
    };
  });
}
