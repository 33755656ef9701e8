import { activationComponents } from "./activations.ts";
import { adamwFlops } from "./adamw_flops.ts";
import { total } from "./component.ts";
import { type Expression, product, sum } from "./expression.ts";
import { matrixProducts, trainingPositions } from "./matrix_products.ts";
import { modelPresets } from "./model_presets.ts";
import type { ModelShape } from "./model_shape.ts";
import { parameterCount } from "./parameters.ts";
import type { Departure, PublishedFigure } from "./published_figure.ts";
import { lookUpCounted, projectionsLeftOut, publishedFlops } from "./published_transformer_accounting.ts";

const xl: ModelShape = modelPresets["gpt2-xl"];

/** Parameters as published, for d_ff = 4 d. */
export const publishedParameters: Expression = product(
  "d",
  sum(product(2, "V"), 1, product("n", sum(2, product(16, "d")))),
);

/**
 * Activations as published, in floats: one score matrix for all heads, and the list of an ungated feed-forward layer.
 */
export const publishedActivations: Expression = product(
  "b",
  "c",
  sum(product(sum(product(16, "n"), 1), "d"), product(2, "V"), product(2, "n", "c")),
);

/** The training run of adamwAccounting (d). */
export const publishedRun = {
  steps: 400_000,
  batchSize: 1_024,
  /** One A100 in float32, in FLOP/s. */
  peakFlops: 19.5e12,
  mfu: 0.5,
  /** Days, as published. */
  days: 5_723,
} as const;

/** The largest batch of adamwAccounting (b), as published: in 80 GiB, by the published slope and constant. */
export const publishedLargestBatch = 52.8;

/** What the published activations leave out, `scale` bytes (or floats) for each. */
function activationsLeftOut(scale: number): Departure[] {
  return [
    {
      verdict: "left out",
      what: "scores and softmax of all heads but one",
      amount: product(2 * scale, "n", "b", sum("h", -1), "c", "c"),
    },
    {
      verdict: "left out",
      what: "outputs of the third feed-forward matrix and of the gate, although the parameters have three",
      amount: product(2 * scale, "n", "b", "c", "d_ff"),
    },
  ];
}

/**
 * Every number that was published for the problem adamwAccounting, (a) to (d), to be judged, apart from the largest
 * batch and the days, which are quotients of these. Activations are of one sequence, with the scores stored.
 */
export function publishedAdamwAccounting(): PublishedFigure[] {
  const ofXl = { model: xl, sequenceLength: xl.context_length };
  const activations = total(activationComponents(xl, "stored"));
  const forward = total(matrixProducts(xl, trainingPositions("full")));
  const { steps, batchSize } = publishedRun;
  const overRun = (departure: Departure, passes: number): Departure => ({
    ...departure,
    amount: product(passes * steps, "b", departure.amount),
  });
  return [
    {
      ...ofXl,
      problem: "(a)",
      name: "parameters",
      published: 2_127_057_600n,
      formula: publishedParameters,
      departures: [],
      full: parameterCount(xl),
    },
    {
      ...ofXl,
      problem: "(a)",
      name: "activations, in floats",
      published: 1_463_519_232n,
      formula: publishedActivations,
      departures: activationsLeftOut(1),
      full: activations,
    },
    {
      ...ofXl,
      problem: "(b)",
      name: "bytes for each sequence",
      published: 1_463_519_232n,
      formula: product(4, publishedActivations),
      departures: activationsLeftOut(4),
      full: product(4, activations),
      slip: "counts floats, not bytes",
    },
    {
      ...ofXl,
      problem: "(b)",
      name: "bytes whatever the batch",
      published: 8_508_230_400n,
      formula: product(4, publishedParameters),
      departures: [{
        verdict: "left out",
        what: "gradients and optimizer state, which part (a) has",
        amount: product(12, publishedParameters),
      }],
      full: product(16, parameterCount(xl)),
    },
    {
      ...ofXl,
      problem: "(c)",
      name: "FLOPs of an AdamW step",
      published: 27_651_748_800n,
      formula: product(13, publishedParameters),
      departures: [],
      full: adamwFlops(xl),
    },
    {
      ...ofXl,
      batchSize,
      problem: "(d)",
      name: "forward FLOPs of 400K steps",
      published: 16n * 10n ** 20n,
      significantDigits: 2,
      formula: product(steps, "b", publishedFlops.total),
      departures: [overRun(projectionsLeftOut, 1), overRun(lookUpCounted, 1)],
      full: product(steps, forward),
    },
    {
      ...ofXl,
      batchSize,
      problem: "(d)",
      name: "FLOPs of 400K steps",
      published: 482n * 10n ** 19n,
      significantDigits: 3,
      formula: product(3 * steps, "b", publishedFlops.total),
      departures: [overRun(projectionsLeftOut, 3), overRun(lookUpCounted, 3)],
      full: product(3 * steps, forward),
    },
  ];
}
