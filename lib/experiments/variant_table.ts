import type { AnswerTable, Cell } from "./answer.ts";
import { forecastRun } from "./forecast.ts";
import { compareSeeds, spreadOf } from "./noise.ts";
import type { ExperimentResults, VariantResult } from "./results.ts";

/** A column of the table: its heading, and a variant's cell in it. */
type Column = [heading: string, cellOf: (result: VariantResult) => Cell];

/** All variants of an experiment beside the baseline: losses over seeds, differences, speed. */
export function variantTable({ variants, baseline }: ExperimentResults): AnswerTable {
  const sizes = new Set(variants.map(parametersOf));
  const columns: Column[] = [
    ["variant", ({ variant }) => variant.name],
    ...(sizes.size > 1 ? [["parameters", parametersOf] satisfies Column] : []),
    ["seeds", ({ runs }) => runs.length],
    ["loss", ({ losses }) => losses.length > 0 ? plusMinus(spreadOf(losses).mean, spreadOf(losses).deviation) : ""],
    ["difference", (result) => differenceOf(result, baseline)],
    ["", (result) => remarkOn(result, baseline)],
    ["bits/byte", bitsPerByte],
    ["tokens/s", ({ runs }) => Math.round(spreadOf(runs.map(({ outcome }) => outcome.tokens / outcome.seconds)).mean)],
  ];
  return {
    title: "Validation loss at the end",
    note:
      "Loss in nats per token, mean ± standard deviation over the seeds; difference from the baseline ± half of its " +
      "95 % confidence interval.",
    columns: columns.map(([heading]) => heading),
    rows: variants.map((result) => columns.map(([, cellOf]) => cellOf(result))),
  };
}

/** Parameters of a variant's model. */
function parametersOf({ runs: [{ config }] }: VariantResult): number {
  return forecastRun(config, 1).parameters;
}

function differenceOf(result: VariantResult, baseline: VariantResult): Cell {
  if (result === baseline || !areComparable(result, baseline)) return "";
  const { difference, uncertainty } = compareSeeds(baseline.losses, result.losses);
  return `${difference > 0 ? "+" : ""}${plusMinus(difference, uncertainty)}`;
}

/** Whether both have losses, and of the same text: a token of one text is not a token of another. */
function areComparable(a: VariantResult, b: VariantResult): boolean {
  return a.losses.length > 0 && b.losses.length > 0 && a.runs[0].text === b.runs[0].text;
}

function remarkOn(result: VariantResult, baseline: VariantResult): Cell {
  const { runs, losses, diverged } = result;
  if (losses.length === 0) return `diverged at step ${diverged.map(({ outcome }) => outcome.step).join(", ")}`;
  if (diverged.length > 0) return `${diverged.length} of ${runs.length} diverged`;
  if (result === baseline) return "baseline";
  return areComparable(result, baseline) ? compareSeeds(baseline.losses, losses).verdict : "";
}

function bitsPerByte({ runs }: VariantResult): Cell {
  const bits = runs.flatMap(({ outcome }) => outcome.state === "finished" ? outcome.bits_per_byte ?? [] : []);
  return bits.length > 0 ? spreadOf(bits).mean : undefined;
}

function plusMinus(value: number, half: number): string {
  return value.toFixed(4) + (Number.isNaN(half) ? "" : ` ± ${half.toFixed(4)}`);
}
