import { writeNpy } from "../../lib/data/npy.ts";
import type { PlannedRun } from "../../lib/experiments/plan.ts";
import type { PreparedText } from "../../lib/experiments/prepared_text.ts";
import type { EndedRun, ExperimentResults, VariantResult } from "../../lib/experiments/results.ts";
import type { RunOutcome } from "../../lib/experiments/run_outcome.ts";
import { scales } from "../../lib/experiments/scale.ts";
import type { Variant } from "../../lib/experiments/variant.ts";
import { runConfig } from "../../lib/experiments/run_config.ts";
import { smallConfig, walk } from "../training/small_run.ts";

/** A text for runs of `smallConfig()`, on disk. */
export function smallText(folder: string): PreparedText {
  const [data, validation_data] = [`${folder}/train.npy`, `${folder}/validation.npy`];
  writeNpy(data, Uint16Array.from(walk(600)));
  writeNpy(validation_data, Uint16Array.from(walk(100)));
  return {
    about: "a walk over twelve ids",
    tokenizer: `${folder}/tokenizer`,
    tokenizer_sha256: "0".repeat(64),
    data,
    validation_data,
    tokens: 600,
    bytes_per_token: 2,
  };
}

/** A planned run of milliseconds. */
export function smallRun(folder: string, change: Record<string, unknown> = {}): PlannedRun {
  return { folder, config: smallConfig(change), text: "stories" };
}

/** How a run ended, made up. */
export function outcomeOf(change: Partial<RunOutcome> = {}): RunOutcome {
  return {
    state: "finished",
    step: 100,
    tokens: 6400,
    seconds: 2,
    validation_loss: 3,
    bits_per_byte: 1.5,
    peak_bytes: 1000,
    ended: "2026-01-01T00:00:02.000Z",
    ...change,
  };
}

/** A variant's results, made up: a final loss for each seed, or null for one that diverged. */
export function resultsOf(variant: Variant, losses: readonly (number | null)[], scale = scales.laptop): VariantResult {
  const runs = losses.map((loss, seed): EndedRun => ({
    folder: `runs/${variant.name} ${seed}`,
    config: runConfig(scale, variant.change ?? {}, seed),
    text: variant.text ?? "stories",
    outcome: loss === null
      ? outcomeOf({ state: "diverged", step: 7, validation_loss: 6, bits_per_byte: 3 }) // of before
      : outcomeOf({ validation_loss: loss, bits_per_byte: loss / 2 }),
    sessions: [],
    metrics: [
      { step: 10, tokens: 640, seconds: 0.2, loss: 7 },
      { step: 100, tokens: 6400, seconds: 2, loss: loss ?? 20 },
      { step: 100, tokens: 6400, seconds: 2, validation_loss: loss ?? 20 },
    ],
  }));
  return {
    variant,
    runs,
    losses: losses.filter((loss) => loss !== null),
    diverged: runs.filter(({ outcome }) => outcome.state === "diverged"),
  };
}

/** An experiment's results, made up. */
export function madeUpResults(variants: VariantResult[], baseline = variants[0]): ExperimentResults {
  return { scale: "laptop", settings: scales.laptop, variants, baseline };
}
