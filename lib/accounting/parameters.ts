import { type Component, total } from "./component.ts";
import { type Expression, product, type Term } from "./expression.ts";
import { keyWidth, type ModelShape } from "./model_shape.ts";

/** The parameters of one kind of weight, over all layers. */
export interface ParameterComponent extends Component {
  /** Shape of one such weight. */
  shape: readonly Term[];
  /** How many such weights there are. */
  repeats: Expression;
}

/**
 * A model's parameters by weight (handout, transformer_accounting (a)), named as in the state dict with `*` for the
 * layer: `layers.*.attn.q_proj.weight`. A tied head has no weight of its own.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { evaluate } from "./expression.ts";
 * import { modelPreset } from "./model_presets.ts";
 * import { valuesOf } from "./model_shape.ts";
 * const model = modelPreset("gpt2-xl");
 * assertEquals(evaluate(parameterCount(model), valuesOf(model)), 2_127_057_600n);
 * ```
 */
export function parameterComponents(model: ModelShape): ParameterComponent[] {
  const kv = keyWidth(model);
  const hasNorms = model.norm !== "none";
  const weight = (name: string, part: Component["part"], ...shape: Term[]): ParameterComponent => {
    const layers: Term[] = name.includes("*") ? ["n"] : [];
    return { name: `${name}.weight`, part, shape, repeats: product(...layers), count: product(...layers, ...shape) };
  };
  return [
    weight("token_embeddings", "embedding", "V", "d"),
    ...(hasNorms ? [weight("layers.*.ln1", "norm", "d")] : []),
    weight("layers.*.attn.q_proj", "attention", "d", "d"),
    weight("layers.*.attn.k_proj", "attention", kv, "d"),
    weight("layers.*.attn.v_proj", "attention", kv, "d"),
    ...(model.qk_norm
      ? [weight("layers.*.attn.q_norm", "attention", "d_h"), weight("layers.*.attn.k_norm", "attention", "d_h")]
      : []),
    weight("layers.*.attn.output_proj", "attention", "d", "d"),
    ...(hasNorms ? [weight("layers.*.ln2", "norm", "d")] : []),
    weight("layers.*.ffn.w1", "feed-forward", "d_ff", "d"),
    weight("layers.*.ffn.w2", "feed-forward", "d", "d_ff"),
    ...(model.ffn === "swiglu" ? [weight("layers.*.ffn.w3", "feed-forward", "d_ff", "d")] : []),
    ...(hasNorms ? [weight("ln_final", "norm", "d")] : []),
    ...(model.tied_embeddings ? [] : [weight("lm_head", "head", "V", "d")]),
  ];
}

/** All parameters of a model. */
export function parameterCount(model: ModelShape): Expression {
  return total(parameterComponents(model));
}
