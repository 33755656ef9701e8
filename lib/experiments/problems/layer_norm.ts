import type { Conclusion } from "../answer.ts";
import { countOf, describeComparison, describeRate, describeSpread } from "../describe.ts";
import type { Experiment } from "../experiment.ts";
import { compareSeeds, spreadOf } from "../noise.ts";
import {
  bestRate,
  byRate,
  edgeOfStability,
  type RateResult,
  rateSeries,
  rateTimes,
  rateVariants,
} from "../rate_sweep.ts";
import type { ExperimentResults } from "../results.ts";
import { sweepChart } from "../sweep_chart.ts";

// Lower rates as the handout asks; higher ones, since what norms are for shows where they are missing and the rate is
// high.
const FACTORS = { smoke: [1], laptop: [0.1, 0.3, 1, 3, 10], handout: [0.1, 0.3, 1, 3] };

const WITH = "RMSNorm, rate ";
const WITHOUT = "no norm, rate ";

/** Problem layer_norm_ablation: all norms removed, at the best rate and at others. */
export const layerNorm: Experiment = {
  name: "layer_norm_ablation",
  title: "Layer norm",
  question: "What happens without any RMSNorm at the best learning rate, and does a lower rate make up for it?",
  seeds: { smoke: 1, laptop: 2, handout: 1 },
  variants: (scale, settings) => {
    const rates = FACTORS[scale].map((factor) => rateTimes(settings, factor));
    return [
      ...rateVariants(WITH, rates, settings),
      ...rateVariants(WITHOUT, rates, settings, { model: { norm: "none" } }),
    ];
  },
  conclude,
};

async function conclude(results: ExperimentResults): Promise<Conclusion> {
  const [normed, bare] = [byRate(results, WITH), byRate(results, WITHOUT)];
  const at = bare.find(({ rate }) => rate === results.settings.learningRate)!;
  const { losses, runs, diverged } = at.result;
  const { baseline } = results;
  const [bestNormed, bestBare] = [bestRate(normed), bestRate(bare)];
  return {
    verdict: [
      `At the sweep's best rate, ${describeRate(at.rate)}, training without norms ` +
      (diverged.length > 0
        ? `diverges for ${diverged.length} of ${countOf(runs.length, "seed")}, at step ${
          diverged.map(({ outcome }) => outcome.step).join(", ")
        } of ${runs[0].config.steps}.`
        : `is ${at.stability}: its loss ${
          baseline.losses.length > 0
            ? describeComparison(compareSeeds(baseline.losses, losses))
            : `is ${describeSpread(spreadOf(losses))}, where training with RMSNorm diverges`
        }.`),
      (bestBare ? `Its own best rate is ${rateAndLoss(bestBare)}; ` : "It diverged at every rate; ") +
      (bestNormed ? `with RMSNorm the best is ${rateAndLoss(bestNormed)}.` : "with RMSNorm it did so, too."),
      `With RMSNorm: ${edgeOfStability(normed)} Without: ${edgeOfStability(bare)}`,
    ],
    charts: [{
      name: "loss_by_rate",
      caption: "Final validation loss against the learning rate, with and without norms.",
      svg: await sweepChart("Final loss by learning rate", "learning rate", [
        rateSeries("RMSNorm", normed),
        rateSeries("no norm", bare),
      ]),
    }],
  };
}

function rateAndLoss({ rate, result: { losses } }: RateResult): string {
  return `${describeRate(rate)}, with ${describeSpread(spreadOf(losses))}`;
}
