import type { Experiment } from "../experiment.ts";
import { concludeAblation } from "./ablation.ts";

/** Problem pre_norm_ablation: norms before each layer, or after the residual sum as in the first Transformer. */
export const preNorm: Experiment = {
  name: "pre_norm_ablation",
  title: "Pre-norm and post-norm",
  question: "What changes if RMSNorm stands after the residual sum (post-norm) and not before each layer (pre-norm)?",
  seeds: { smoke: 1, laptop: 3, handout: 1 },
  variants: () => [
    { name: "pre-norm" },
    { name: "post-norm", change: { model: { norm: "post" } } },
  ],
  conclude: (results) =>
    concludeAblation(results, [
      "Post-norm puts a norm on the residual stream itself, so that gradients pass through every one of them; with " +
      "more layers than here that is known to ask for a longer warm-up (Xiong et al., 2020).",
    ]),
};
