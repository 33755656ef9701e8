import { z } from "zod";
import { ModelConfig } from "../model/config.ts";
import type { ModelConfig as ModelConfigType } from "../model/config_fields.ts";
import { readJson } from "../data/read_json.ts";

/** What a Llama checkpoint's config.json says. */
export interface LlamaConfig {
  /** The same model in our fields. */
  model: ModelConfigType;
  /** Ids that end a text. */
  endOfText: number[];
}

const size = z.int("expected a whole number").positive("expected a whole number above 0");
const absent = (what: string) => z.null(`${what} is not supported; expected null`).optional();
const off = (what: string) => z.literal(false, `${what} is not supported; expected false`).optional();

// Rotary embeddings as the first Llama has them; later ones stretch the angles to reach further.
const plainRope = z.looseObject({
  rope_type: z.literal("default", 'scaled rotary embedding is not supported; expected "default"').optional(),
  type: z.literal("default", 'scaled rotary embedding is not supported; expected "default"').optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.literal(1, "rotating a part of a head is not supported; expected 1").optional(),
});

/*
 * The fields that LlamaForCausalLM computes with, and those of its relatives that would change the result if they were
 * meant. What is left out has the value that transformers gives it. All other fields (how it was trained, what it was
 * saved with) say nothing about the logits.
 */
const Fields = z.looseObject({
  model_type: z.literal("llama", 'only this architecture is supported; expected "llama"'),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size,
  hidden_act: z.literal("silu", 'only SwiGLU is supported; expected "silu"').default("silu"),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: plainRope.nullish(),
  rope_parameters: plainRope.nullish(),
  partial_rotary_factor: z.literal(1, "rotating a part of a head is not supported; expected 1").nullish(),
  attention_bias: off("a bias of the attention's layers"),
  mlp_bias: off("a bias of the feed-forward layers"),
  sliding_window: absent("a sliding window"),
  layer_types: z.array(z.literal("full_attention", "only attention to all that came before is supported")).nullish(),
  quantization_config: absent("a quantized checkpoint"),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
}, "expected an object of fields").superRefine(({ hidden_size, num_attention_heads, head_dim }, context) => {
  const expected = hidden_size / num_attention_heads;
  if (head_dim === undefined || head_dim === null || head_dim === expected) return;
  context.addIssue({
    code: "custom",
    path: ["head_dim"],
    message: `heads must share hidden_size; expected ${hidden_size} / ${num_attention_heads} = ${expected}`,
  });
});

/**
 * Reads the config.json of a Llama checkpoint, as transformers saves it for LlamaForCausalLM.
 *
 * @throws {Error} If it asks for what our model does not compute (biases, scaled rotary embeddings, a sliding window,
 * quantization, another activation or architecture); each field is named with its value and what was expected.
 */
export function readLlamaConfig(path: string): LlamaConfig {
  const fields = readJson(path, Fields);
  // transformers heeds one of the two, the older name before the newer one.
  const rope = [fields.rope_scaling, fields.rope_parameters].find((given) => given && Object.keys(given).length > 0);
  const model = ModelConfig.safeParse({
    vocab_size: fields.vocab_size,
    context_length: fields.max_position_embeddings,
    num_layers: fields.num_hidden_layers,
    d_model: fields.hidden_size,
    num_heads: fields.num_attention_heads,
    num_kv_heads: fields.num_key_value_heads ?? fields.num_attention_heads,
    d_ff: fields.intermediate_size,
    rope_theta: rope?.rope_theta ?? fields.rope_theta ?? 10_000,
    norm: "pre",
    position: "rope",
    ffn: "swiglu",
    tied_embeddings: fields.tie_word_embeddings,
    rmsnorm_eps: fields.rms_norm_eps,
  });
  if (!model.success) {
    throw new Error(
      `Cannot use ${path}: with hidden_size as d_model, num_attention_heads as num_heads and num_key_value_heads as ` +
        `num_kv_heads: ${model.error.issues.map(({ message }) => message).join("; ")}`,
    );
  }
  return { model: model.data, endOfText: [fields.eos_token_id ?? []].flat() };
}
