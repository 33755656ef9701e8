import type { ModelShape } from "../../lib/accounting/model_shape.ts";
import type { Random } from "../../lib/tensor/random.ts";

/** Switches of the configuration, all combinations. */
export const variants: Pick<ModelShape, "norm" | "position" | "ffn" | "qk_norm" | "tied_embeddings">[] =
  (["pre", "post", "none"] as const)
    .flatMap((norm) => (["rope", "none"] as const).map((position) => ({ norm, position })))
    .flatMap((fields) => (["swiglu", "silu", "relu2"] as const).map((ffn) => ({ ...fields, ffn })))
    .flatMap((fields) => [false, true].map((qk_norm) => ({ ...fields, qk_norm })))
    .flatMap((fields) => [false, true].map((tied_embeddings) => ({ ...fields, tied_embeddings })));

/** A small model with uneven dimensions and every switch at random. */
export function randomModel(random: Random): ModelShape {
  const pick = <T>(...choices: T[]): T => choices[random.below(choices.length)];
  const num_kv_heads = pick(1, 2, 3);
  const num_heads = num_kv_heads * pick(1, 2, 3);
  return {
    vocab_size: pick(1, 5, 11, 64, 300),
    context_length: pick(1, 3, 8, 16),
    num_layers: pick(1, 2, 3),
    d_model: num_heads * pick(2, 4, 10, 16),
    num_heads,
    num_kv_heads,
    d_ff: pick(1, 7, 40, 200),
    ...pick(...variants),
  };
}
