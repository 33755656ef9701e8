import type { Experiment } from "../../lib/experiments/experiment.ts";
import { jobsThatFit } from "../../lib/experiments/forecast.ts";
import {
  distinctRuns,
  type PlannedRun,
  type PlannedVariant,
  type PlanOptions,
  planVariants,
  type SourceText,
} from "../../lib/experiments/plan.ts";
import { LOW_RESOURCE_TOKENS, scales, type ScaleSettings } from "../../lib/experiments/scale.ts";
import type { TextKind } from "../../lib/experiments/variant.ts";
import { formatBytes } from "../../lib/data/amounts.ts";
import type { Device, DeviceName } from "../../mod.ts";
import type { Report } from "../frame/report.ts";
import { openComputing } from "../training/computing.ts";
import type { ExperimentOptions } from "./experiment_options.ts";
import { type ForecastRun, forecastRuns, reportPlan } from "./plan_table.ts";
import { sourceTexts } from "./source_texts.ts";

/** Folder of all experiments' runs and texts. */
export const ROOT = "runs/experiments";

/** An experiment with its runs. */
export interface PlannedExperiment {
  experiment: Experiment;
  variants: PlannedVariant[];
}

/** All that is to be done, before anything of it is. */
export interface Work {
  planned: PlannedExperiment[];
  settings: ScaleSettings;
  texts: Partial<Record<TextKind, SourceText>>;
  /** The kind of device that every run uses. */
  device: DeviceName;
  /** Runs at a time. */
  jobs: number;
  /** The runs that have not ended, each once. */
  waiting: PlannedRun[];
}

/** Plans the experiments' runs and says what they will take: measured a moment on the device, and by the accounting. */
export async function planWork(
  experiments: readonly Experiment[],
  options: ExperimentOptions,
  report: Report,
): Promise<Work> {
  const { scale } = options;
  using device = openForMeasuring(options, report);
  const settings = settingsOf(options, device);
  const texts = await sourceTexts({ ...options, builtInBytes: settings.builtInBytes });
  const planned = await Promise.all(
    withTexts(experiments, { scale, settings, texts }, report).map(async (experiment) => {
      const variants = experiment.variants(scale, settings);
      const seeds = experiment.seeds[scale];
      return { experiment, variants: await planVariants(variants, seeds, { scale, settings, texts, root: ROOT }) };
    }),
  );
  const runs = distinctRuns(planned.flatMap(({ variants }) => variants));
  for (const kind of new Set(runs.map(({ text }) => text))) report.say(`Text: ${texts[kind]!.about}`);
  for (const { experiment } of planned) report.say(`${experiment.name}: ${experiment.question}`);
  const forecasts = forecastRuns(runs, device);
  reportPlan(forecasts, ROOT, report);
  const toDo = forecasts.filter(({ state }) => state.state !== "ended");
  const jobs = chooseJobs(options, device, toDo);
  reportTime(toDo, jobs, device, report);
  return {
    ...{ planned, settings, texts, jobs },
    device: device.name as DeviceName,
    waiting: toDo.map(({ run }) => run),
  };
}

/** Of several experiments those whose texts are there; of the others it is said. One by itself must have its texts. */
function withTexts(
  experiments: readonly Experiment[],
  { scale, settings, texts }: Pick<PlanOptions, "scale" | "settings" | "texts">,
  report: Report,
): readonly Experiment[] {
  if (experiments.length === 1) return experiments;
  return experiments.filter((experiment) => {
    const lacks = experiment.variants(scale, settings).find(({ text = "stories" }) => texts[text] === undefined);
    if (lacks) {
      report.note(`${experiment.name} is left out: "${lacks.name}" needs a text; --openwebtext FILE gives it one.`);
    }
    return !lacks;
  });
}

function openForMeasuring(options: ExperimentOptions, report: Report): Device {
  const opened = openComputing(options, report);
  report.say(`Device: ${opened.name} (${opened.backend.description})`);
  return opened;
}

function settingsOf(options: ExperimentOptions, device: Device): ScaleSettings {
  const { scale, lowResource } = options;
  const { tokens = lowResource ? LOW_RESOURCE_TOKENS : scales[scale].tokens } = options;
  const { precision = device.dtypes.includes("bf16") ? "bfloat16" : undefined } = options;
  return { ...scales[scale], tokens, precision };
}

/** Runs at a time: as asked for or as many as there are cores for, if memory holds as many. */
function chooseJobs({ jobs, threads }: ExperimentOptions, device: Device, toDo: readonly ForecastRun[]): number {
  const { available } = Deno.systemMemoryInfo();
  if (device.name === "cuda") return jobs ?? 1;
  const wanted = jobs ?? Math.ceil(navigator.hardwareConcurrency / threads);
  return jobsThatFit(wanted, toDo.map(({ forecast }) => forecast), available);
}

function reportTime(toDo: readonly ForecastRun[], jobs: number, device: Device, report: Report): void {
  report.say("");
  report.result("runs to do", toDo.length);
  if (toDo.length === 0) return;
  const atATime = Math.min(jobs, toDo.length);
  const seconds = toDo.reduce((sum, { forecast }) => sum + forecast.seconds, 0) / atATime;
  report.duration("predicted time", seconds);
  const largest = Math.max(...toDo.map(({ forecast }) => forecast.bytes));
  const { memoryBytes = Infinity } = device.backend;
  if (device.name !== "cuda" && largest > memoryBytes) {
    report.note(
      `the largest run needs ${formatBytes(largest)}, and the ${device.name} device has ${formatBytes(memoryBytes)}: ` +
        "it takes a GPU.",
    );
  }
  report.result("runs at a time", atATime);
}
