import type { ModelConfig } from "./config_fields.ts";

/**
 * What a parameter does: the token embedding, a norm's weight, a layer within a block, one of those whose result is
 * added to the residual stream ("output"), or the head.
 */
export type ParameterKind = "embedding" | "norm" | "linear" | "output" | "head";

/** One named parameter, as state dicts have it. */
export interface ParameterShape {
  /** Name in the CS336 state dict, such as "layers.0.attn.q_proj.weight". */
  name: string;
  /** Its shape; linear weights are [d_out, d_in]. */
  shape: readonly number[];
  /** What it does, and so how it starts. */
  kind: ParameterKind;
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
 * layer), final norm, head. With tied embeddings there is no head; without norms there are no norms. Queries, keys and
 * values are a group only where no norm wants them apart.
 */
export function parameterLayout(config: ModelConfig): ParameterGroup[] {
  const { vocab_size, num_layers, d_model, num_heads, num_kv_heads, d_ff, norm, ffn, qk_norm } = config;
  const headSize = d_model / num_heads;
  const keyWidth = headSize * num_kv_heads;
  const group = (name: string, ...members: ParameterShape[]): ParameterGroup => ({ name, members });
  const single = (member: ParameterShape) => group(member.name, member);
  const matrix = (name: string, dOut: number, dIn: number, kind: ParameterKind = "linear"): ParameterShape => ({
    name: `${name}.weight`,
    shape: [dOut, dIn],
    kind,
  });
  const normOf = (name: string, size: number) => single({ name: `${name}.weight`, shape: [size], kind: "norm" });
  const norms = (...names: string[]) => norm === "none" ? [] : names.map((name) => normOf(name, d_model));
  const blocks = Array.from({ length: num_layers }, (_, i) => {
    const [attn, layer] = [`layers.${i}.attn`, `layers.${i}.ffn`];
    const up = matrix(`${layer}.w1`, d_ff, d_model);
    const projections = [
      matrix(`${attn}.q_proj`, d_model, d_model),
      matrix(`${attn}.k_proj`, keyWidth, d_model),
      matrix(`${attn}.v_proj`, keyWidth, d_model),
    ];
    return [
      ...norms(`layers.${i}.ln1`),
      ...(qk_norm
        ? [...projections.map(single), normOf(`${attn}.q_norm`, headSize), normOf(`${attn}.k_norm`, headSize)]
        : [group(`${attn}.qkv`, ...projections)]),
      single(matrix(`${attn}.output_proj`, d_model, d_model, "output")),
      ...norms(`layers.${i}.ln2`),
      ffn === "swiglu" ? group(`${layer}.w1_w3`, up, matrix(`${layer}.w3`, d_ff, d_model)) : single(up),
      single(matrix(`${layer}.w2`, d_model, d_ff, "output")),
    ];
  });
  return [
    single({ name: "token_embeddings.weight", shape: [vocab_size, d_model], kind: "embedding" }),
    ...blocks.flat(),
    ...norms("ln_final"),
    ...(config.tied_embeddings ? [] : [single(matrix("lm_head", vocab_size, d_model, "head"))]),
  ];
}
