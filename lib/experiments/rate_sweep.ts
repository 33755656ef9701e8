import { describeRate } from "./describe.ts";
import { spreadOf } from "./noise.ts";
import type { ExperimentResults, VariantResult } from "./results.ts";
import type { ScaleSettings } from "./scale.ts";
import { type Stability, worstStability } from "./stability.ts";
import type { SweepSeries } from "./sweep_chart.ts";
import type { Change, Variant } from "./variant.ts";

/**
 * The scale's learning rate times a factor, rounded so that experiments which ask for the same rate in different words
 * share its runs.
 */
export function rateTimes({ learningRate }: ScaleSettings, factor: number): number {
  return Number((learningRate * factor).toPrecision(3));
}

/** One variant for each rate, all with the same other changes. */
export function rateVariants(
  name: string,
  rates: readonly number[],
  settings: ScaleSettings,
  change: Change = {},
): Variant[] {
  return rates.map((rate) => ({
    name: `${name}${describeRate(rate)}`,
    change: { ...change, optimizer: { ...change.optimizer, max_learning_rate: rate } },
    isBaseline: Object.keys(change).length === 0 && rate === settings.learningRate,
  }));
}

/** What one rate gave. */
export interface RateResult {
  rate: number;
  result: VariantResult;
  stability: Stability;
  /** Mean final loss; infinite where no seed finished. */
  loss: number;
}

/** The variants whose names begin alike, by rate, lowest first. */
export function byRate({ variants }: ExperimentResults, name: string): RateResult[] {
  return variants.filter(({ variant }) => variant.name.startsWith(name)).map((result) => ({
    rate: result.runs[0].config.optimizer.max_learning_rate,
    result,
    stability: worstStability(result),
    loss: result.losses.length > 0 ? spreadOf(result.losses).mean : Infinity,
  })).toSorted((a, b) => a.rate - b.rate);
}

/** The rate with the lowest loss among those at which every seed finished, if there is one. */
export function bestRate(rates: readonly RateResult[]): RateResult | undefined {
  return rates.filter(({ stability }) => stability !== "diverged")
    .reduce<RateResult | undefined>((best, rate) => best && best.loss <= rate.loss ? best : rate, undefined);
}

/** Rates as a line of a sweep's chart. */
export function rateSeries(name: string, rates: readonly RateResult[]): SweepSeries {
  return {
    name,
    points: rates.map(({ rate, result }) => ({
      ...{ x: rate, losses: result.losses, diverged: result.diverged.length > 0 },
    })),
  };
}

/**
 * Where stability ends, in words: the lowest rate at which a run exploded, and the lowest at which one diverged for
 * good.
 */
export function edgeOfStability(rates: readonly RateResult[]): string {
  const exploded = rates.find(({ stability }) => stability !== "stable");
  const diverged = rates.find(({ stability }) => stability === "diverged");
  if (!exploded) return `Every rate up to ${describeRate(rates.at(-1)!.rate)} was stable; the edge lies above.`;
  const below = rates[rates.indexOf(exploded) - 1];
  const from = below ? `between ${describeRate(below.rate)} and` : "below";
  const edge = `The edge of stability lies ${from} ${describeRate(exploded.rate)}`;
  if (!diverged) {
    return `${edge}, where the loss first rises above its start before it falls; no run diverged for good.`;
  }
  if (diverged === exploded) return `${edge}, where training diverges.`;
  return `${edge}, where the loss first rises above its start before it falls; from ${
    describeRate(diverged.rate)
  } on it diverges for good.`;
}
