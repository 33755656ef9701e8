import { ModelConfig } from "../../model/config.ts";
import { overlay } from "../../training/training_config.ts";
import type { Conclusion } from "../answer.ts";
import { capital, describeSpread, listOf } from "../describe.ts";
import type { Experiment } from "../experiment.ts";
import { compareSeeds, spreadOf } from "../noise.ts";
import type { ExperimentResults, VariantResult } from "../results.ts";
import type { ScaleSettings } from "../scale.ts";
import type { Change, Variant } from "../variant.ts";
import { besideBaseline } from "./ablation.ts";

const BASELINE = "baseline";
const RECIPE = "the whole recipe";
const ALONE = "with ";
const WITHOUT = "recipe without ";

/** One improvement: its name, and what it changes. */
interface Ingredient {
  name: string;
  change: Change;
  /** Whether the recipe takes it; of two that exclude each other one does. */
  isInRecipe: boolean;
}

/*
 * What the speed runs of small language models have shown to help (the modded-nanogpt record and its sources). Each is
 * a switch of the configuration, and a new one is a line here.
 */
function ingredients({ model, muonLearningRate }: ScaleSettings): Ingredient[] {
  const { d_ff, d_model } = ModelConfig.parse(model);
  const ingredient = (name: string, change: Change, isInRecipe = true) => ({ name, change, isInRecipe });
  return [
    // Orthogonalised momentum for the matrices of the blocks (Jordan et al., 2024).
    ingredient("Muon", { optimizer: { name: "muon", muon_learning_rate: muonLearningRate } }),
    // Queries and keys normalized, so that no logit of attention can grow without bound (Henry et al., 2020).
    ingredient("QK norm", { model: { qk_norm: true } }),
    // max(0, x)^2 without a gate, at as many parameters (So et al., 2021).
    ingredient("squared ReLU", { model: { ffn: "relu2", d_ff: 3 * d_ff / 2 } }),
    // Every block starts as the identity.
    ingredient("zero output layers", { model: { output_init: "zero" } }),
    // The same idea, milder: what is added to the stream starts smaller by the root of the number of additions (GPT-2).
    ingredient("depth-scaled output layers", { model: { output_init: "depth_scaled" } }, false),
    // Constant for most of the run, then straight to zero (Hägele et al., 2024).
    ingredient("linear decay to zero", {
      optimizer: { schedule: "linear", min_learning_rate: 0 },
    }),
    // One matrix for both ends, at a size that gives the first logits a variance of one.
    ingredient("tied embeddings", {
      model: { tied_embeddings: true, embedding_std: Number((d_model ** -0.5).toPrecision(3)) },
    }, false),
  ];
}

/** Problem leaderboard: a stronger recipe, each ingredient alone, all together, and all but one. */
export const leaderboard: Experiment = {
  name: "leaderboard",
  title: "A stronger recipe",
  question: "Which of the improvements that speed runs have found lower the loss at equal tokens, alone and together?",
  seeds: { smoke: 1, laptop: 3, handout: 1 },
  variants: (scale, settings): Variant[] => {
    const all = ingredients(settings);
    const recipe = all.filter(({ isInRecipe }) => isInRecipe);
    return [
      { name: BASELINE },
      ...all.map(({ name, change }) => ({ name: ALONE + name, change })),
      { name: RECIPE, change: together(recipe) },
      // In a smoke test one of these shows as much as all.
      ...recipe.slice(0, scale === "smoke" ? 1 : recipe.length).map((left) => ({
        name: WITHOUT + left.name,
        change: together(recipe.filter((other) => other !== left)),
        seeds: scale === "laptop" ? 2 : undefined,
      })),
    ];
  },
  conclude,
};

function together(recipe: readonly Ingredient[]): Change {
  return recipe.reduce<Change>((sum, { change }) => overlay(sum, change) as Change, {});
}

function conclude(results: ExperimentResults): Conclusion {
  const { variants, baseline } = results;
  const named = (prefix: string) => variants.filter(({ variant }) => variant.name.startsWith(prefix));
  const recipe = variants.find(({ variant }) => variant.name === RECIPE)!;
  const [alone, without] = [named(ALONE), named(WITHOUT)];
  const comparisons = 1 + alone.length + without.length;
  return {
    verdict: [
      `The baseline: ${describeLoss(baseline)}. ${capital(RECIPE)}: ${describeLoss(recipe)}. ${
        besideBaseline(recipe, baseline)
      }`,
      `Alone: ${sorted(alone, baseline, ALONE, "helps", "hurts")}`,
      `Taken out of the recipe: ${sorted(without, recipe, WITHOUT, "is better left out", "is missed")}`,
      ...speedNote(variants, baseline),
      `Of ${comparisons} comparisons at 95 %, about one in twenty calls chance a difference; and what helps a small model for a short time ` +
      "need not help a large one for long.",
    ],
    drawn: [BASELINE, ALONE + "Muon", RECIPE],
  };
}

/** Which of the variants differ from another for good or for ill, and which cannot be told from it. */
function sorted(
  group: readonly VariantResult[],
  reference: VariantResult,
  prefix: string,
  ifLower: string,
  ifHigher: string,
): string {
  const words = {
    lower: ifLower,
    higher: ifHigher,
    "within the noise": "is within the noise",
    unknown: "cannot be judged by one seed",
  };
  const clauses = group.map(({ variant, losses }) => {
    const name = variant.name.slice(prefix.length);
    if (losses.length === 0 || reference.losses.length === 0) return `${name} diverges`;
    const { difference, verdict } = compareSeeds(reference.losses, losses);
    return `${name} ${words[verdict]} (${difference < 0 ? "" : "+"}${difference.toFixed(3)})`;
  });
  return `${listOf(clauses)}.`;
}

/** What costs time is said, since the comparison is at equal tokens. */
function speedNote(variants: readonly VariantResult[], baseline: VariantResult): string[] {
  const slower = variants.filter(({ variant }) => variant.name.startsWith(ALONE))
    .map((result) => ({ name: result.variant.name.slice(ALONE.length), factor: seconds(result) / seconds(baseline) }))
    .filter(({ factor }) => factor > 1.1)
    .map(({ name, factor }) => `${name} (${factor.toFixed(2)} times)`);
  return slower.length === 0 ? [] : [`At equal tokens these take longer than the baseline: ${listOf(slower)}.`];
}

function seconds({ runs }: VariantResult): number {
  return spreadOf(runs.map(({ outcome }) => outcome.seconds)).mean;
}

function describeLoss({ losses }: VariantResult): string {
  return losses.length === 0 ? "diverged" : describeSpread(spreadOf(losses));
}
