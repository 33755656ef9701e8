import { largestImplementationBatch } from "../../accounting/implementation_memory.ts";
import { formatNumber } from "../../data/amounts.ts";
import type { Conclusion } from "../answer.ts";
import { capital, countOf, describeComparison, describeRate, describeSpread } from "../describe.ts";
import type { Experiment } from "../experiment.ts";
import { compareSeeds, spreadOf } from "../noise.ts";
import { rateTimes } from "../rate_sweep.ts";
import type { ExperimentResults, VariantResult } from "../results.ts";
import type { Scale, ScaleSettings } from "../scale.ts";
import { sweepChart } from "../sweep_chart.ts";
import type { Variant } from "../variant.ts";
import { besideBaseline } from "./ablation.ts";

const BATCH_SIZES: Record<Scale, number[]> = {
  smoke: [1, 4, 16],
  laptop: [1, 4, 16, 64, 256],
  handout: [1, 16, 64, 128, 256, 512],
};

// What the cpu device can address: 32 bits. Where a device has more, the largest batch grows in proportion.
const ADDRESSABLE = 4n * 2n ** 30n;

/** Problem batch_size_experiment: batches from one sequence on, the same tokens for each. */
export const batchSize: Experiment = {
  name: "batch_size_experiment",
  title: "Batch size",
  question:
    "How does training change with the batch size, from 1 to what memory takes, if every run sees the same tokens?",
  seeds: { smoke: 1, laptop: 2, handout: 1 },
  variants: (scale, settings) => [
    ...BATCH_SIZES[scale].map((size) => scaled(size, settings)),
    // Two of them once more at the baseline's rate show what rescaling it is worth.
    ...[BATCH_SIZES[scale][1], BATCH_SIZES[scale].at(-2)!]
      .filter((size) => size !== settings.batchSize)
      .map((size) => ({ name: unscaledName(size), change: { batch_size: size } })),
  ],
  conclude,
};

/*
 * The rate follows the square root of the batch size: what keeps the noise of AdamW's updates alike when the noise of a
 * gradient falls with the root of the batch (Malladi et al., 2022).
 */
function scaled(size: number, settings: ScaleSettings): Variant {
  const rate = rateTimes(settings, Math.sqrt(size / settings.batchSize));
  return {
    name: `batch ${size}`,
    change: { batch_size: size, optimizer: { max_learning_rate: rate } },
    isBaseline: size === settings.batchSize,
  };
}

function unscaledName(size: number): string {
  return `batch ${size}, rate not rescaled`;
}

async function conclude(results: ExperimentResults): Promise<Conclusion> {
  const { variants, baseline, settings } = results;
  const rescaled = variants.filter(({ variant }) => /^batch \d+$/.test(variant.name));
  const finished = rescaled.filter(({ losses }) => losses.length > 0);
  if (finished.length === 0) {
    return { verdict: ["With a rescaled rate every batch size diverged; the table has the rest."] };
  }
  const best = finished.reduce((a, b) => meanLoss(b) < meanLoss(a) ? b : a);
  const fastest = rescaled.reduce((a, b) => speed(b) > speed(a) ? b : a);
  const { config } = baseline.runs[0];
  const limit = largestImplementationBatch(config.model, ADDRESSABLE);
  const tokensOfLimit = Number(limit) * config.model.context_length;
  return {
    verdict: [
      `Learning rates follow the square root of the batch size, from ${
        describeRate(settings.learningRate)
      } at ${settings.batchSize}. ` +
      `At equal tokens ${best.variant.name} ends lowest of them: ${describeSpread(spreadOf(best.losses))}.`,
      ...finished.filter((result) => result !== best).map((result) =>
        `${capital(result.variant.name)} (${countOf(result.runs[0].config.steps, "step")}, ${rateOf(result)}) ${
          describeComparison(compareSeeds(best.losses, result.losses))
        }.`
      ),
      ...rescaled.filter(({ losses }) => losses.length === 0).map((result) => besideBaseline(result, best)),
      ...variants.filter((result) => !rescaled.includes(result)).map((result) => rescalingWorth(result, rescaled)),
      `${capital(fastest.variant.name)} trains fastest, at ${amount(speed(fastest))} tokens/s` +
      (fastest === rescaled[0] ? "" : `; ${rescaled[0].variant.name} at ${amount(speed(rescaled[0]))}`) +
      `. At equal tokens larger batches take fewer steps, ` +
      `so that beyond some size the model learns less from the same text.`,
      `By the accounting, 4 GiB hold a step of at most ${formatNumber(limit)} sequences, ${
        amount(tokensOfLimit)
      } tokens: ` +
      (tokensOfLimit * 10 > settings.tokens
        ? `of a run's ${amount(settings.tokens)} tokens that would leave ${
          countOf(Math.max(1, Math.floor(settings.tokens / tokensOfLimit)), "step")
        }, so the sweep ends before memory does.`
        : "memory, and not the number of steps, ends the sweep."),
    ],
    charts: [{
      name: "loss_by_batch_size",
      caption:
        "Final validation loss against the batch size, at equal tokens; bars reach from the lowest to the highest seed.",
      svg: await sweepChart("Final loss by batch size", "batch size, sequences", [{
        name: "",
        points: rescaled.map(({ runs, losses, diverged }) => ({
          ...{ x: runs[0].config.batch_size, losses, diverged: diverged.length > 0 },
        })),
      }]),
    }],
  };
}

function rescalingWorth(fixed: VariantResult, rescaled: readonly VariantResult[]): string {
  const size = fixed.runs[0].config.batch_size;
  const partner = rescaled.find(({ runs }) => runs[0].config.batch_size === size)!;
  if (fixed.losses.length === 0 || partner.losses.length === 0) {
    return `${capital(fixed.variant.name)}: ${
      fixed.losses.length === 0 ? "diverged" : describeSpread(spreadOf(fixed.losses))
    }.`;
  }
  return `With the rate left at the baseline's, batch ${size} ${
    describeComparison(compareSeeds(partner.losses, fixed.losses))
  }, beside ${rateOf(partner)}.`;
}

function rateOf({ runs: [{ config }] }: VariantResult): string {
  return `rate ${describeRate(config.optimizer.max_learning_rate)}`;
}

function amount(value: number): string {
  return formatNumber(value, 0);
}

function meanLoss({ losses }: VariantResult): number {
  return spreadOf(losses).mean;
}

function speed({ runs }: VariantResult): number {
  return spreadOf(runs.map(({ outcome }) => outcome.tokens / outcome.seconds)).mean;
}
