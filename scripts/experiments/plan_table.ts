import { describeRate } from "../../lib/experiments/describe.ts";
import { type Forecast, forecastRun, measureTraining } from "../../lib/experiments/forecast.ts";
import type { PlannedRun } from "../../lib/experiments/plan.ts";
import { type RunState, runState } from "../../lib/experiments/run_outcome.ts";
import { formatBytes, formatSeconds } from "../../lib/data/amounts.ts";
import type { Device } from "../../mod.ts";
import type { Report } from "../frame/report.ts";

/** A planned run, where it stands and what it will take. */
export interface ForecastRun {
  run: PlannedRun;
  state: RunState;
  forecast: Forecast;
}

/** Looks where each run stands, and measures for those not ended how fast the device trains such a model. */
export function forecastRuns(runs: readonly PlannedRun[], device: Device): ForecastRun[] {
  const rates = new Map<string, number>();
  return runs.map((run) => {
    const state = runState(run.folder);
    if (state.state === "ended") return { run, state, forecast: { ...forecastRun(run.config, 1), seconds: 0 } };
    const { model, batch_size } = run.config;
    const shape = JSON.stringify([
      model,
      batch_size,
      run.config.gradient_accumulation_steps,
      run.config.optimizer.name,
    ]);
    const rate = rates.get(shape) ?? measureTraining(device, run.config);
    rates.set(shape, rate);
    return { run, state, forecast: forecastRun(run.config, rate, state.state === "begun" ? state.step : 0) };
  });
}

/** Prints the plan: every run with its size, predicted time and memory, and where it stands. */
export function reportPlan(runs: readonly ForecastRun[], root: string, report: Report): void {
  report.table(
    `Runs, in ${root}`,
    ["run", "rate", "steps", "parameters", "memory", "time", ""],
    runs.map(({ run: { folder, config }, state, forecast: { seconds, bytes, parameters } }) => [
      folder.slice(root.length + 1),
      describeRate(config.optimizer.max_learning_rate),
      config.steps,
      parameters,
      formatBytes(bytes),
      state.state === "ended" ? "" : formatSeconds(seconds),
      describeState(state),
    ]),
  );
}

function describeState(state: RunState): string {
  if (state.state === "new") return "to do";
  return state.state === "begun" ? `stopped at step ${state.step}` : `done: ${state.outcome.state}`;
}
