import type { Experiment } from "../../lib/experiments/experiment.ts";
import { jobsThatFit } from "../../lib/experiments/forecast.ts";
import {
  distinctRuns,
  type PlannedRun,
  type PlannedVariant,
  planVariants,
  type SourceText,
} from "../../lib/experiments/plan.ts";
import { LOW_RESOURCE_TOKENS, scales, type ScaleSettings } from "../../lib/experiments/scale.ts";
import type { TextKind } from "../../lib/experiments/variant.ts";
import { formatSeconds } from "../../lib/data/amounts.ts";
import { type Device, type DeviceName, openDevice } from "../../mod.ts";
import type { Report } from "../frame/report.ts";
import { KERNEL_CACHE } from "../training/kernel_cache.ts";
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
  /** Every run once. */
  runs: PlannedRun[];
  /** Those that have not ended. */
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
  const planned = await Promise.all(experiments.map(async (experiment) => {
    const variants = experiment.variants(scale, settings);
    const seeds = experiment.seeds[scale];
    return { experiment, variants: await planVariants(variants, seeds, { scale, settings, texts, root: ROOT }) };
  }));
  const runs = distinctRuns(planned.flatMap(({ variants }) => variants));
  for (const kind of new Set(runs.map(({ text }) => text))) report.say(`Text: ${texts[kind]!.about}`);
  for (const { experiment } of planned) report.say(`${experiment.name}: ${experiment.question}`);
  const forecasts = forecastRuns(runs, device);
  reportPlan(forecasts, ROOT, report);
  const toDo = forecasts.filter(({ state }) => state.state !== "ended");
  const jobs = chooseJobs(options, device, toDo);
  reportTime(toDo, jobs, report);
  return {
    ...{ planned, settings, texts, jobs, runs },
    device: device.name as DeviceName,
    waiting: toDo.map(({ run }) => run),
  };
}

function openForMeasuring({ device, threads }: ExperimentOptions, report: Report): Device {
  const opened = openDevice(device, {
    threads,
    cuda: { kernelCache: KERNEL_CACHE },
    onPassedOver: (reason) => report.say(`Device: ${reason}`),
  });
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

function reportTime(toDo: readonly ForecastRun[], jobs: number, report: Report): void {
  report.say("");
  report.result("runs to do", toDo.length);
  if (toDo.length === 0) return;
  const atATime = Math.min(jobs, toDo.length);
  const seconds = toDo.reduce((sum, { forecast }) => sum + forecast.seconds, 0) / atATime;
  report.result("predicted time", formatSeconds(seconds));
  report.result("runs at a time", atATime);
}
