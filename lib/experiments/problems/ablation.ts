import { formatNumber } from "../../data/amounts.ts";
import type { Conclusion } from "../answer.ts";
import { capital, describeComparison, describeSpread } from "../describe.ts";
import { compareSeeds, spreadOf } from "../noise.ts";
import type { ExperimentResults, VariantResult } from "../results.ts";

/**
 * The answer to "what does it do if this is changed": the baseline's loss, and each variant's beside it.
 *
 * @param remarks What the numbers alone do not say, a paragraph each.
 */
export function concludeAblation(
  { baseline, variants }: ExperimentResults,
  remarks: readonly string[] = [],
): Conclusion {
  const others = variants.filter((result) => result !== baseline);
  return {
    verdict: [
      [
        baseline.losses.length === 0
          ? `The baseline, ${baseline.variant.name}, diverged.`
          : `${capital(baseline.variant.name)} ends at a validation loss of ${
            describeSpread(spreadOf(baseline.losses))
          }.`,
        ...others.map((result) => besideBaseline(result, baseline)),
      ].join(" "),
      ...remarks,
    ],
  };
}

/** One variant beside another, in a sentence; by itself where the other diverged. */
export function besideBaseline({ variant, losses, diverged, runs }: VariantResult, baseline: VariantResult): string {
  if (losses.length === 0) {
    const steps = diverged.map(({ outcome }) => outcome.step).join(", ");
    return `${capital(variant.name)} diverged, at step ${steps} of ${formatNumber(runs[0].config.steps)}.`;
  }
  if (baseline.losses.length === 0) return `${capital(variant.name)} ends at ${describeSpread(spreadOf(losses))}.`;
  const lost = diverged.length > 0 ? ` ${diverged.length} of its ${runs.length} runs diverged.` : "";
  return `${capital(variant.name)} ${describeComparison(compareSeeds(baseline.losses, losses))}.${lost}`;
}
