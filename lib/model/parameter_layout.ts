import type { ModelConfig } from "./config_fields.ts";

/** One named parameter, as state dicts have it. */
export interface ParameterShape {
  /** Name in the CS336 state dict, such as "layers.0.attn.q_proj.weight". */
  name: string;
  /** Its shape; linear weights are [d_out, d_in]. */
  shape: readonly number[];
  /** How it starts: truncated normals for "linear" and "embedding", ones for "norm". */
  kind: "linear" | "embedding" | "norm";
}

/** Parameters that lie one after the other in memory, so that one product applies them all. */
export interface ParameterGroup {
  /** Name of the stack, such as "layers.0.attn.qkv"; that of the parameter where there is only one. */
  name: string;
  /** Its members, in memory's order; they agree in all dimensions but the first. */
  members: readonly ParameterShape[];
}

/**
 * The parameters of a model in the order in which they lie in memory: embedding, blocks (norms, attention, feed-forward
 * layer), final norm, head. With tied embeddings there is no head; without norms there are no norms.
 */
export function parameterLayout(config: ModelConfig): ParameterGroup[] {
  const { vocab_size, num_layers, d_model, num_heads, num_kv_heads, d_ff, norm, ffn } = config;
  const keyWidth = d_model / num_heads * num_kv_heads;
  const group = (name: string, ...members: ParameterShape[]): ParameterGroup => ({ name, members });
  const single = (member: ParameterShape) => group(member.name, member);
  const linear = (name: string, dOut: number, dIn: number): ParameterShape => ({
    name: `${name}.weight`,
    shape: [dOut, dIn],
    kind: "linear",
  });
  const norms = (...names: string[]) =>
    norm === "none"
      ? []
      : names.map((name) => single({ name: `${name}.weight`, shape: [d_model], kind: "norm" as const }));
  const blocks = Array.from({ length: num_layers }, (_, i) => {
    const [attn, layer] = [`layers.${i}.attn`, `layers.${i}.ffn`];
    const up = linear(`${layer}.w1`, d_ff, d_model);
    return [
      ...norms(`layers.${i}.ln1`),
      group(
        `${attn}.qkv`,
        linear(`${attn}.q_proj`, d_model, d_model),
        linear(`${attn}.k_proj`, keyWidth, d_model),
        linear(`${attn}.v_proj`, keyWidth, d_model),
      ),
      single(linear(`${attn}.output_proj`, d_model, d_model)),
      ...norms(`layers.${i}.ln2`),
      ffn === "swiglu" ? group(`${layer}.w1_w3`, up, linear(`${layer}.w3`, d_ff, d_model)) : single(up),
      single(linear(`${layer}.w2`, d_model, d_ff)),
    ];
  });
  return [
    single({ name: "token_embeddings.weight", shape: [vocab_size, d_model], kind: "embedding" }),
    ...blocks.flat(),
    ...norms("ln_final"),
    ...(config.tied_embeddings ? [] : [single(linear("lm_head", vocab_size, d_model))]),
  ];
}
