import type { Ending } from "./perform_run.ts";
import type { PlannedRun } from "./plan.ts";
import type { RunOutcome } from "./run_outcome.ts";

/** Somebody who performs one run after the other, such as a Worker with its device. */
export interface Runner {
  /** Brings a run to its end, or stops at the signal. */
  perform(run: PlannedRun): Promise<Ending>;
}

/** Who hears of what. */
export interface ShareOptions {
  /** Once aborted, no run is begun any more. */
  signal?: AbortSignal;
  /** A run has ended. */
  onEnd?: (run: PlannedRun, outcome: RunOutcome) => void;
  /** Another process performs a run; it will be asked for again. */
  onBusy?: (run: PlannedRun) => void;
  /** A run could not be performed; the moment to stop the others. */
  onFailure?: () => void;
  /** Time between two looks at the runs of other processes; tests shorten it. */
  pollMilliseconds?: number;
}

const POLL_MILLISECONDS = 1000;

/**
 * Has several runners perform runs, each the next one that nobody has taken, until all have ended or the signal stops
 * it. A run that another process works on is passed over and looked at again when nothing else is left: then it has
 * ended there, or that process has died and one of ours takes it up.
 *
 * @returns Whether all runs have ended.
 * @throws {Error} The first runner's error, after the others have ended or stopped the run they were at.
 */
export async function shareWork(
  runs: readonly PlannedRun[],
  runners: readonly Runner[],
  options: ShareOptions = {},
): Promise<boolean> {
  const { signal, onEnd, onBusy, onFailure, pollMilliseconds = POLL_MILLISECONDS } = options;
  const waiting = [...runs];
  const elsewhere: PlannedRun[] = [];
  let isStopped = false;
  let failure: unknown;
  const work = async (runner: Runner) => {
    while (!isStopped && !signal?.aborted) {
      let run = waiting.shift();
      if (run === undefined) {
        if (elsewhere.length === 0) return;
        await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
        run = elsewhere.shift();
        if (run === undefined) continue;
      }
      const ending = await runner.perform(run);
      if (ending === "stopped") isStopped = true;
      else if (ending === "busy") {
        onBusy?.(run);
        elsewhere.push(run);
      } else onEnd?.(run, ending);
    }
    if (waiting.length + elsewhere.length > 0) isStopped = true;
  };
  await Promise.all(runners.map((runner) =>
    work(runner).catch((error) => {
      failure ??= error;
      isStopped = true;
      onFailure?.();
    })
  ));
  if (failure !== undefined) throw failure;
  return !isStopped;
}
