import type { ModelConfig } from "../model/config_fields.ts";
import { type Expression, product, type Values } from "./expression.ts";

/** What the accounting needs to know of a model: its configuration without what changes no count. */
export type ModelShape = Omit<ModelConfig, "rope_theta" | "rmsnorm_eps" | "embedding_std" | "output_init">;

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
