import { formatBytes, formatNumber } from "../data/amounts.ts";
import { type CurveAxis, learningCurve } from "../plot/learning_curve.ts";
import type { Metrics } from "../training/metrics.ts";
import type { Answer, AnswerChart, AnswerRun, Conclusion } from "./answer.ts";
import type { Experiment } from "./experiment.ts";
import { forecastRun } from "./forecast.ts";
import { meanCurve } from "./mean_curve.ts";
import type { EndedRun, ExperimentResults, VariantResult } from "./results.ts";
import { variantTable } from "./variant_table.ts";

const AXES: Record<CurveAxis, string> = {
  step: "optimizer steps",
  tokens: "tokens",
  seconds: "wall-clock time",
};

const NOTHING_FINISHED: Conclusion = {
  verdict: ["Every run diverged, so that there is nothing to compare; the table says at which step."],
};

/**
 * An experiment's whole answer: what its own reasoning concludes, with what every answer has, the table of variants and
 * the learning curves against steps, tokens and time.
 *
 * @param circumstances What the runs' records do not know: text, machine, command.
 */
export async function answerQuestion(
  experiment: Experiment,
  results: ExperimentResults,
  circumstances: readonly [name: string, value: string][],
): Promise<Answer> {
  const { name, title, question } = experiment;
  const hasFinished = results.variants.some(({ losses }) => losses.length > 0);
  const conclusion: Conclusion = hasFinished ? await experiment.conclude(results) : NOTHING_FINISHED;
  const { verdict, tables = [], charts = [], samples = [], drawn } = conclusion;
  const shown = results.variants.filter(({ variant }) => drawn?.includes(variant.name) ?? true);
  return {
    ...{ problem: name, title, question, verdict, samples },
    tables: [...tables, variantTable(results)],
    charts: [...charts, ...await learningCurves(title, shown)],
    runs: results.variants.flatMap(({ variant, runs }) => runs.map((run) => answerRun(variant.name, run))),
    circumstances: [...circumstances, ...circumstancesOf(results)],
  };
}

async function learningCurves(title: string, variants: readonly VariantResult[]): Promise<AnswerChart[]> {
  const runs = variants
    .map(({ variant: { name }, runs }) => ({
      name,
      metrics: afterTheFall(meanCurve(runs.map(({ metrics }) => metrics))),
    }))
    .filter(({ metrics }) => metrics.some(({ loss }) => loss !== undefined));
  if (runs.length === 0) return [];
  const seeds = variants.some(({ runs }) => runs.length > 1) ? ", each the mean over its seeds" : "";
  return await Promise.all(
    Object.entries(AXES).map(async ([axis, words]) => ({
      name: `loss_by_${axis}`,
      caption: `Training loss (thin) and validation loss against ${words}${seeds}, from a tenth of the run on.`,
      svg: await learningCurve(title, runs, axis as CurveAxis),
    })),
  );
}

/*
 * All runs fall alike from knowing nothing, by more than they ever differ later: without that part the differences can
 * be seen. A run that ended in it, as diverging ones do, is shown whole.
 */
function afterTheFall(metrics: readonly Metrics[]): readonly Metrics[] {
  const rest = metrics.filter(({ tokens }) => tokens >= metrics.at(-1)!.tokens / 10);
  return rest.length > 1 ? rest : metrics;
}

function answerRun(variant: string, { folder, config, outcome }: EndedRun): AnswerRun {
  const { state, step, tokens, seconds, validation_loss, bits_per_byte } = outcome;
  return { variant, seed: config.seed, folder, state, steps: step, tokens, seconds, validation_loss, bits_per_byte };
}

function circumstancesOf({ scale, settings, variants }: ExperimentResults): [string, string][] {
  const runs = variants.flatMap(({ runs }) => runs);
  const distinct = [...new Map(runs.map((run) => [run.folder, run])).values()];
  const seconds = distinct.reduce((sum, { outcome }) => sum + outcome.seconds, 0);
  const sessions = distinct.flatMap(({ sessions }) => sessions);
  const different = (field: "description" | "system") =>
    [...new Set(sessions.map((session) => session[field]))].join("; ");
  const peaks = distinct.map(({ outcome }) => outcome.peak_bytes);
  const foreseen = distinct.map(({ config }) => forecastRun(config, 1).bytes);
  const days = distinct.map(({ outcome }) => outcome.ended.slice(0, 10)).toSorted();
  const seeds = Math.max(...variants.map(({ runs }) => runs.length));
  return [
    ["scale", `${scale}: ${settings.about}`],
    ["tokens of each run", formatNumber(settings.tokens)],
    ["runs", `${distinct.length}, seeds 0 to ${seeds - 1}`],
    [
      "memory of the device, at most",
      `${formatBytes(Math.max(...peaks))}; foreseen ${formatBytes(Math.max(...foreseen))}`,
    ],
    ["time of all runs together", `${(seconds / 60).toFixed(1)} min`],
    ["device", different("description")],
    ["system", different("system")],
    ["ended", days[0] === days.at(-1) ? days[0] : `${days[0]} to ${days.at(-1)}`],
  ];
}
