import { formatNumber } from "../../data/amounts.ts";
import type { Conclusion } from "../answer.ts";
import { describeComparison, describeRate, describeSpread } from "../describe.ts";
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

// Multiples of the scale's own rate, a factor of about three apart, up to where training cannot work any more.
const FACTORS = {
  smoke: [0.1, 1, 1e4],
  laptop: [0.1, 0.3, 1, 3, 10, 100, 1e3],
  handout: [0.1, 0.3, 1, 3, 10, 30, 100],
};

// Handout, problem learning_rate: the validation loss to reach on TinyStories, in full and with few tokens.
const HANDOUT_LOSS = 1.45;

/** Problem learning_rate: a sweep up to divergence, the best rate, and the edge of stability. */
export const learningRate: Experiment = {
  name: "learning_rate",
  title: "Learning rate",
  question:
    "Which learning rate gives the lowest loss, where does training become unstable, and how do the two relate?",
  seeds: { smoke: 1, laptop: 2, handout: 1 },
  variants: (scale, settings) =>
    rateVariants("rate ", FACTORS[scale].map((factor) => rateTimes(settings, factor)), settings),
  conclude,
};

async function conclude(results: ExperimentResults): Promise<Conclusion> {
  const rates = byRate(results, "rate ");
  const best = bestRate(rates);
  const verdict = best
    ? [
      `The best rate is ${describeRate(best.rate)}: validation loss ${describeSpread(spreadOf(best.result.losses))}. ` +
      neighbours(rates, best),
      `${edgeOfStability(rates)} ${relation(rates, best)}`,
    ].map((paragraph) => paragraph.trimEnd())
    : [`At every rate a seed diverged. ${edgeOfStability(rates)}`];
  if (results.scale === "handout") {
    const reached = best !== undefined && best.loss <= HANDOUT_LOSS;
    verdict.push(
      `The handout asks for ${HANDOUT_LOSS} on TinyStories; this is ${reached ? "reached" : "not reached"}.`,
    );
  }
  return {
    verdict,
    charts: [{
      name: "loss_by_rate",
      caption:
        "Final validation loss against the learning rate after the warm-up; bars reach from the lowest to the highest seed.",
      svg: await sweepChart("Final loss by learning rate", "learning rate", [rateSeries("", rates)]),
    }],
  };
}

function neighbours(rates: readonly RateResult[], best: RateResult): string {
  const at = rates.indexOf(best);
  const near = [rates[at - 1], rates[at + 1]].filter((rate) => rate !== undefined && rate.result.losses.length > 0);
  const clauses = near.map(({ rate, result }) =>
    `at ${describeRate(rate)} it ${describeComparison(compareSeeds(best.result.losses, result.losses))}`
  );
  return clauses.length === 0 ? "" : `Its neighbours: ${clauses.join("; ")}.`;
}

function relation(rates: readonly RateResult[], best: RateResult): string {
  const unstable = rates.find(({ stability }) => stability !== "stable");
  if (!unstable) return "";
  const factor = Number((unstable.rate / best.rate).toPrecision(2));
  return factor <= 1
    ? "The best rate itself is past that edge: the explosion is short, and what follows makes up for it."
    : `The first unstable rate is ${formatNumber(factor)} times the best one.`;
}
