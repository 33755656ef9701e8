import { TokenDataset } from "../data/token_dataset.ts";
import type { TransformerLM } from "../model/transformer_lm.ts";
import { writeRunReport } from "../plot/run_report.ts";
import type { Device } from "../tensor/device.ts";
import { DivergenceError } from "../training/divergence.ts";
import type { Metrics } from "../training/metrics.ts";
import { readMetrics } from "../training/metrics.ts";
import { train } from "../training/train_loop.ts";
import type { TrainingConfig } from "../training/training_config.ts";
import { claimFolder } from "./claim.ts";
import type { PreparedText } from "./prepared_text.ts";
import { type RunOutcome, runState, writeOutcome } from "./run_outcome.ts";

/** A run, what it is performed with, and who is told. */
export interface PerformOptions {
  /** The run's folder. */
  folder: string;
  /** All settings, without the paths of the text. */
  config: TrainingConfig;
  /** The text, prepared for this run's vocabulary. */
  text: PreparedText;
  /** Where it computes. */
  device: Device;
  /** Once aborted, the run is saved and left for later. */
  signal?: AbortSignal;
  /** The command line that this belongs to, for the run's record. */
  command?: string;
  /** Hears of every line of metrics. */
  onMetrics?: (metrics: Metrics) => void;
  /** Writes something with the model at the end. */
  onSample?: (model: TransformerLM) => string;
}

/** What became of a run: its outcome; "stopped" by the signal; or "busy", since somebody else performs it. */
export type Ending = RunOutcome | "stopped" | "busy";

/**
 * Brings a run to its end: from the start, or from where it stopped; one that has ended is left as it is. Of several
 * processes that are given the same run, one performs it. A run that ends leaves a page about itself.
 *
 * @throws {Error} As `train()` does, except for divergence, which is an outcome.
 */
export async function performRun(options: PerformOptions): Promise<Ending> {
  const { folder } = options;
  using claim = claimFolder(folder);
  if (!claim) return "busy";
  const before = runState(folder);
  if (before.state === "ended") return before.outcome;
  const outcome = await trainToTheEnd(options, before.state === "begun");
  if (outcome === "stopped") return outcome;
  // Before the outcome, with which nobody would come back to write it.
  await writeRunReport(folder);
  writeOutcome(folder, outcome);
  return outcome;
}

async function trainToTheEnd(options: PerformOptions, resume: boolean): Promise<RunOutcome | "stopped"> {
  const { folder, text, device, signal, command, onMetrics, onSample } = options;
  const { data, validation_data, tokenizer, tokenizer_sha256, bytes_per_token } = text;
  const config = { ...options.config, data, validation_data, tokenizer };
  const vocabSize = config.model.vocab_size;
  using dataset = TokenDataset.open(data, { vocabSize });
  using validation = TokenDataset.open(validation_data, { vocabSize });
  const record = () => {
    // Read back from the run's own record: a run taken up at its last step has nothing left to evaluate.
    const metrics = readMetrics(`${folder}/metrics.jsonl`);
    const evaluated = metrics.findLast((line) => typeof line.validation_loss === "number");
    return {
      tokens: metrics.at(-1)?.tokens ?? 0,
      seconds: metrics.at(-1)?.seconds ?? 0,
      validation_loss: evaluated?.validation_loss ?? undefined,
      bits_per_byte: evaluated?.bits_per_byte ?? undefined,
      peak_bytes: device.memory.peakBytes,
      ended: new Date().toISOString(),
    };
  };
  try {
    using result = await train({
      ...{ config, device, data: dataset, validation, folder, resume, signal, command, onMetrics, onSample },
      tokenizerHash: tokenizer_sha256,
      bytesPerToken: bytes_per_token,
    });
    return result.interrupted ? "stopped" : { state: "finished", step: result.step, ...record() };
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return { state: "diverged", step: error.step, reason: error.message, ...record() };
  }
}
