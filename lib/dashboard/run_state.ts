import { z } from "zod";
import { lossLimit } from "../training/divergence.ts";
import type { Metrics } from "../training/metrics.ts";

/** How a run stands; see {@linkcode runState}. */
export type RunState = "running" | "finished" | "diverged" | "stopped" | "imported";

const Outcome = z.object({ state: z.enum(["finished", "diverged"]) });
const Planned = z.object({ steps: z.int(), model: z.object({ vocab_size: z.int() }) });

/** Steps that a run's configuration asks for, if it says. */
export function plannedSteps(config: unknown): number | undefined {
  return Planned.pick({ steps: true }).safeParse(config).data?.steps;
}

/** What a run's files say of how it stands. */
export interface RunTraces {
  /** The run's config.json, whatever it holds. */
  config: unknown;
  metrics: readonly Metrics[];
  /** Its outcome.json, where an experiment has written down how it ended. */
  outcome?: unknown;
  /** Whether its model came from elsewhere, and nobody has trained it here. */
  isImported?: boolean;
}

/**
 * How a run stands: running while a process works on it; then diverged where its loss exploded or is no number, at the
 * last step too, finished once that is done, imported where nobody has trained, and otherwise stopped, by a signal or
 * by an end that nobody planned.
 *
 * @param isLocked Whether a process works on the run.
 */
export function runState({ config, metrics, outcome, isImported }: RunTraces, isLocked: boolean): RunState {
  if (isLocked) return "running";
  if (isImported) return "imported";
  const { success, data } = Outcome.safeParse(outcome);
  if (success) return data.state;
  if (hasDiverged(config, metrics)) return "diverged";
  const last = metrics.at(-1);
  return last && last.step >= (plannedSteps(config) ?? Infinity) ? "finished" : "stopped";
}

function hasDiverged(config: unknown, metrics: readonly Metrics[]): boolean {
  if (metrics.some(({ validation_loss }) => validation_loss === null)) return true;
  const losses = metrics.filter(({ loss }) => loss !== undefined);
  const last = losses.at(-1);
  if (!last) return false;
  if (last.loss === null || last.gradient_norm === null) return true;
  const vocabSize = Planned.safeParse(config).data?.model.vocab_size ?? 1;
  return last.loss! > lossLimit(vocabSize, losses[0].loss!);
}
