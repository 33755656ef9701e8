import { ModelConfig } from "../../model/config.ts";
import type { Experiment } from "../experiment.ts";
import { concludeAblation } from "./ablation.ts";

/** Problem swiglu_ablation: the gated feed-forward layer beside one with SiLU alone. */
export const swiglu: Experiment = {
  name: "swiglu_ablation",
  title: "SwiGLU and SiLU",
  question: "Is the gate of SwiGLU worth its third matrix, beside SiLU without a gate at about as many parameters?",
  seeds: { smoke: 1, laptop: 3, handout: 1 },
  variants: (_, { model }) => {
    const { d_ff, d_model } = ModelConfig.parse(model);
    return [
      { name: "SwiGLU" },
      // Three matrices of width d_ff have as many elements as two of width 3/2 d_ff.
      { name: "SiLU, as many parameters", change: { model: { ffn: "silu", d_ff: 3 * d_ff / 2 } } },
      { name: "SiLU, d_ff = 4 d_model", change: { model: { ffn: "silu", d_ff: 4 * d_model } } },
    ];
  },
  conclude: (results) =>
    concludeAblation(results, [
      "The handout asks for d_ff = 4 d_model, which matches the parameters only as well as SwiGLU's own width was " +
      "rounded to a multiple of 64.",
    ]),
};
