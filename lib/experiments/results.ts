import { type Metrics, readMetrics } from "../training/metrics.ts";
import { readSamples } from "../training/run_samples.ts";
import { readSessions, type RunSession } from "../training/run_sessions.ts";
import type { PlannedRun, PlannedVariant } from "./plan.ts";
import { readOutcome, type RunOutcome } from "./run_outcome.ts";
import type { Scale, ScaleSettings } from "./scale.ts";
import type { Variant } from "./variant.ts";

/** A run that has ended, as its folder records it. */
export interface EndedRun extends PlannedRun {
  outcome: RunOutcome;
  metrics: Metrics[];
  /** The processes that worked on it. */
  sessions: RunSession[];
  /** What the model wrote at the end. */
  sample?: string;
}

/** A variant's runs, one for each seed. */
export interface VariantResult {
  variant: Variant;
  runs: EndedRun[];
  /** Last validation losses of the runs that did not diverge, by seed. */
  losses: number[];
  /** Runs that diverged. */
  diverged: EndedRun[];
}

/** All that an answer is read off. */
export interface ExperimentResults {
  scale: Scale;
  settings: ScaleSettings;
  variants: VariantResult[];
  /** What the others are compared with. */
  baseline: VariantResult;
}

/**
 * Reads an experiment's results from its runs' folders.
 *
 * @throws {Error} If a run has not ended.
 */
export function readResults(
  scale: Scale,
  settings: ScaleSettings,
  planned: readonly PlannedVariant[],
): ExperimentResults {
  const variants = planned.map(({ variant, runs }): VariantResult => {
    const ended = runs.map(readRun);
    const finished = ended.filter(({ outcome }) => outcome.state === "finished");
    return {
      variant,
      runs: ended,
      losses: finished.map(({ outcome }) => outcome.validation_loss!),
      diverged: ended.filter(({ outcome }) => outcome.state === "diverged"),
    };
  });
  const baseline = variants.find(({ variant }) => variant.isBaseline) ?? variants[0];
  return { scale, settings, variants, baseline };
}

/**
 * The results of a variant by its name.
 *
 * @throws {RangeError} If there is none.
 */
export function resultOf({ variants }: ExperimentResults, name: string): VariantResult {
  const found = variants.find(({ variant }) => variant.name === name);
  if (found) return found;
  throw new RangeError(
    `Cannot find the variant "${name}"; there are ${variants.map(({ variant }) => variant.name).join(", ")}`,
  );
}

function readRun(run: PlannedRun): EndedRun {
  const outcome = readOutcome(run.folder);
  if (!outcome) throw new Error(`Cannot answer: the run in ${run.folder} has not ended; let it end first`);
  const { folder } = run;
  return {
    ...run,
    outcome,
    metrics: readMetrics(`${folder}/metrics.jsonl`),
    sessions: readSessions(folder),
    sample: readSamples(folder).at(-1)?.text,
  };
}
