import type { Experiment } from "../experiment.ts";
import { concludeAblation } from "./ablation.ts";

/** Problem no_pos_emb: rotary position embedding, or none. */
export const noPosEmb: Experiment = {
  name: "no_pos_emb",
  title: "Position embedding",
  question: "What does a model lose that is told nothing of positions (NoPE), beside one with rotary embedding (RoPE)?",
  seeds: { smoke: 1, laptop: 3, handout: 1 },
  variants: () => [
    { name: "RoPE" },
    { name: "NoPE", change: { model: { position: "none" } } },
  ],
  conclude: (results) =>
    concludeAblation(results, [
      "Without an embedding the causal mask is all that tells positions apart: a token sees how many came before it " +
      "only by what attention averages over.",
    ]),
};
