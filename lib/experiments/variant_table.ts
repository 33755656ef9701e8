import type { AnswerTable, Cell } from "./answer.ts";
import { forecastRun } from "./forecast.ts";
import { compareSeeds, spreadOf } from "./noise.ts";
import type { ExperimentResults, VariantResult } from "./results.ts";

/** All variants of an experiment beside the baseline: losses over seeds, differences, speed. */
export function variantTable({ variants, baseline }: ExperimentResults): AnswerTable {
  return {
    title: "Validation loss at the end, nats per token; difference from the baseline with its 95 % interval",
    columns: [
      "variant",
      "parameters",
      "seeds",
      "loss",
      "spread",
      "difference",
      "±",
      "",
      "bits/byte",
      "tokens/s",
    ],
    rows: variants.map((result) => rowOf(result, baseline)),
  };
}

function rowOf(result: VariantResult, baseline: VariantResult): Cell[] {
  const { variant, runs, losses, diverged } = result;
  const head = [variant.name, parametersOf(result), runs.length];
  const speed = Math.round(spreadOf(runs.map(({ outcome }) => outcome.tokens / outcome.seconds)).mean);
  if (losses.length === 0) {
    const steps = diverged.map(({ outcome }) => outcome.step);
    return [
      ...head,
      undefined,
      undefined,
      undefined,
      undefined,
      `diverged at step ${steps.join(", ")}`,
      undefined,
      speed,
    ];
  }
  const { mean, deviation } = spreadOf(losses);
  const bits = runs.flatMap(({ outcome }) => outcome.state === "finished" ? outcome.bits_per_byte ?? [] : []);
  const note = diverged.length > 0 ? `${diverged.length} of ${runs.length} diverged` : "";
  const bitsMean = bits.length > 0 ? spreadOf(bits).mean : undefined;
  if (result === baseline || baseline.losses.length === 0) {
    return [...head, mean, number(deviation), undefined, undefined, note || "baseline", bitsMean, speed];
  }
  const { difference, uncertainty, verdict } = compareSeeds(baseline.losses, losses);
  return [...head, mean, number(deviation), difference, number(uncertainty), note || verdict, bitsMean, speed];
}

/** Parameters of a variant's model. */
export function parametersOf({ runs: [{ config }] }: VariantResult): number {
  return forecastRun(config, 1).parameters;
}

function number(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
