import type { PlannedRun } from "../../lib/experiments/plan.ts";
import type { RunOutcome } from "../../lib/experiments/run_outcome.ts";
import { shareWork } from "../../lib/experiments/share_work.ts";
import { formatSeconds } from "../../lib/data/amounts.ts";
import type { Report } from "../frame/report.ts";
import { ROOT, type Work } from "./plan_work.ts";
import { type WorkerOptions, WorkerRunner } from "./worker_runner.ts";

/**
 * Has Workers perform the runs that wait, and tells of it.
 *
 * @throws {Error} If a signal stopped it; the message says how to go on.
 */
export async function performRuns(
  { waiting, jobs }: Pick<Work, "waiting" | "jobs">,
  computing: Omit<WorkerOptions, "signal" | "onProgress">,
  report: Report,
): Promise<void> {
  const failure = new AbortController();
  const signal = AbortSignal.any([report.signal, failure.signal]);
  const done = new Map<PlannedRun, number>();
  const total = waiting.reduce((sum, run) => sum + tokensOf(run), 0);
  const onProgress = (run: PlannedRun, tokens: number) => {
    done.set(run, tokens);
    const all = [...done.values()].reduce((sum, tokens) => sum + tokens, 0);
    report.progress({ phase: "training", done: all, total, unit: "tokens" });
  };
  using workers = new DisposableStack();
  const runners = Array.from(
    { length: Math.min(jobs, waiting.length) },
    () => workers.use(new WorkerRunner({ ...computing, signal, onProgress })),
  );
  const busy = new Set<PlannedRun>();
  let ended = 0;
  const allEnded = await shareWork(waiting, runners, {
    signal,
    onFailure: () => failure.abort(),
    onBusy: (run) => {
      if (!busy.has(run)) report.say(`  another process works on ${nameOf(run)}`);
      busy.add(run);
    },
    onEnd: (run, outcome) => {
      onProgress(run, tokensOf(run));
      report.say(`  ${++ended}/${waiting.length}  ${nameOf(run)}: ${describeOutcome(outcome)}`);
    },
  });
  if (!allEnded) {
    throw new Error("Stopped by a signal; every run is saved. The same command goes on from there.");
  }
}

function tokensOf({ config }: PlannedRun): number {
  return config.steps * config.batch_size * config.gradient_accumulation_steps * config.model.context_length;
}

function nameOf({ folder }: PlannedRun): string {
  return folder.slice(ROOT.length + 1);
}

function describeOutcome({ state, step, validation_loss, seconds }: RunOutcome): string {
  const how = state === "diverged" ? `diverged at step ${step}` : `validation loss ${validation_loss?.toFixed(4)}`;
  return `${how}, ${formatSeconds(seconds)}`;
}
