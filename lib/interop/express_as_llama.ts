import { ModelConfig } from "../model/config.ts";
import type { ModelConfig as ModelConfigType } from "../model/config_fields.ts";

/**
 * The config.json with which transformers' LlamaForCausalLM computes what a model of this configuration computes.
 *
 * @param endOfText Id of the token between texts, if there is one.
 * @throws {RangeError} If Llama has no such model (another place of the norms, no rotary embedding, another
 * feed-forward layer ...); each field is named with what Llama needs.
 */
export function llamaConfigOf(
  config: ModelConfigType,
  { endOfText, dtype }: { endOfText?: number; dtype: "float32" | "bfloat16" },
): Record<string, unknown> {
  refuseWhatLlamaLacks(config);
  const token = endOfText ?? null;
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocab_size,
    max_position_embeddings: config.context_length,
    num_hidden_layers: config.num_layers,
    hidden_size: config.d_model,
    num_attention_heads: config.num_heads,
    num_key_value_heads: config.num_kv_heads,
    head_dim: config.d_model / config.num_heads,
    intermediate_size: config.d_ff,
    hidden_act: "silu",
    rms_norm_eps: config.rmsnorm_eps,
    rope_theta: config.rope_theta,
    rope_scaling: null,
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: config.tied_embeddings,
    // Left out, these would be 1 and 2.
    bos_token_id: token,
    eos_token_id: token,
    torch_dtype: dtype,
  };
}

// A model of these fields and otherwise of our defaults is a Llama; so every other field must have its default, also
// one that this file has never heard of. How the first weights were drawn is of no matter any more.
function refuseWhatLlamaLacks(config: ModelConfigType): void {
  const { vocab_size, context_length, num_layers, d_model, num_heads, num_kv_heads, d_ff } = config;
  const { rope_theta, tied_embeddings, rmsnorm_eps, embedding_std, output_init } = config;
  const llama: Record<string, unknown> = {
    ...ModelConfig.parse({
      ...{ vocab_size, context_length, num_layers, d_model, num_heads, num_kv_heads, d_ff },
      ...{ rope_theta, tied_embeddings, rmsnorm_eps, embedding_std, output_init },
    }),
  };
  const problems = Object.entries(config).flatMap(([field, value]) => {
    const [ours, theirs] = [value, llama[field]].map((one) => JSON.stringify(one));
    return ours === theirs ? [] : [`${field} is ${ours}, and Llama computes as with ${theirs}`];
  });
  if (problems.length > 0) throw new RangeError(`Cannot express this model as a Llama: ${problems.join("; ")}`);
}
