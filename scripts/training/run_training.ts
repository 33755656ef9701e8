import { account } from "../../lib/accounting/account.ts";
import { measureDevice } from "../../lib/accounting/measured_device.ts";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { generate } from "../../lib/model/generate.ts";
import type { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { writeRunReport } from "../../lib/plot/run_report.ts";
import type { Device } from "../../lib/tensor/device.ts";
import { DivergenceError } from "../../lib/training/divergence.ts";
import { holdsRun } from "../../lib/training/experiment_record.ts";
import type { Metrics } from "../../lib/training/metrics.ts";
import type { ExportFormat } from "../../lib/training/metrics_export.ts";
import { train, type TrainResult } from "../../lib/training/train_loop.ts";
import type { TrainingConfig } from "../../lib/training/training_config.ts";
import { STORY_SEPARATOR, type Tokenizer } from "../../mod.ts";
import { formatNumber, formatTimeLeft } from "../../lib/data/amounts.ts";
import type { Report } from "../frame/report.ts";
import { bytesPerToken } from "./bytes_per_token.ts";
import type { PreparedData } from "./prepare_data.ts";
import { tokenizerHash } from "./tokenizer_hash.ts";

/** What to train, besides the data. */
export interface TrainingOrder extends PreparedData {
  /** The run's folder. */
  folder: string;
  device: Device;
  resume: boolean;
  /** The command line, for whoever wants to repeat the run. */
  command: string;
  /** Formats of other tools to keep the metrics in as well. */
  exports: readonly ExportFormat[];
}

/**
 * Trains as a configuration says, tells of it in the report, and leaves a learning curve and a page about the run in
 * its folder, whether it went to its end, was stopped, or diverged. The caller disposes of the result.
 *
 * @throws {Error} If a signal stopped training; the message says how to go on.
 */
export async function runTraining(order: TrainingOrder, report: Report): Promise<TrainResult> {
  const { config, folder, device } = order;
  const resumeCommand = `deno task train --name ${folder.replace(/^runs\//, "")} --resume --device ${device.name}`;
  const result = await trainAsOrdered(order, report).catch(async (error) => {
    if (error instanceof DivergenceError) await writeRunReport(folder);
    if (error instanceof DiskFullError && holdsRun(folder)) {
      throw new Error(`${error.message} To go on from the last checkpoint: ${resumeCommand}`, { cause: error });
    }
    throw error;
  });
  try {
    await writeRunReport(folder);
    if (result.interrupted) {
      throw new Error(
        `Stopped by a signal after step ${result.step} of ${config.steps}; all is saved. To go on: ${resumeCommand}`,
      );
    }
    return result;
  } catch (error) {
    result[Symbol.dispose]();
    throw error;
  }
}

async function trainAsOrdered(order: TrainingOrder, report: Report): Promise<TrainResult> {
  const { config, tokenizer, folder, device, resume, command, exports } = order;
  // Ids beyond the tokenizer's own were made by another one, even where the model has room for them.
  const vocabSize = Math.min(config.model.vocab_size, tokenizer?.vocabSize ?? Infinity);
  using data = TokenDataset.open(config.data!, { vocabSize });
  using validation = config.validation_data === undefined
    ? undefined
    : TokenDataset.open(config.validation_data, { vocabSize });
  return await train({
    ...{ config, device, data, validation, folder, resume, command, exports },
    tokenizerHash: tokenizer && await tokenizerHash(tokenizer),
    bytesPerToken: tokenizer && validation && bytesPerToken(tokenizer, validation),
    flops: { perToken: trainingFlopsPerToken(config.model), peakPerSecond: measuredPeak(device, config) },
    signal: report.signal,
    onProgress: report.progress,
    onMetrics: (metrics) => describe(metrics, config.steps, report),
    onSample: tokenizer && ((model) => {
      const text = sampleText(model, tokenizer);
      report.say(`  sample: ${text}`);
      return text;
    }),
  });
}

/** The beginning of a text as the model would write it. */
function sampleText(model: TransformerLM, tokenizer: Tokenizer): string {
  const stopToken = tokenizer.specialTokenToId(STORY_SEPARATOR);
  const prompt = tokenizer.encode("Once upon a time").slice(0, model.config.context_length);
  const tokens = [...generate(model, prompt, { maxNewTokens: 96, temperature: 0.8, topP: 0.95, stopToken })];
  // Ids that the vocabulary lacks can be likely only before the model has learned anything.
  return tokenizer.decode([...prompt, ...tokens.filter((token) => token < tokenizer.vocabSize)]);
}

function describe(metrics: Metrics, steps: number, report: Report): void {
  const { step, seconds, loss, validation_loss, perplexity, bits_per_byte, tokens_per_second, mfu } = metrics;
  const at = `step ${String(step).padStart(String(steps).length)}/${steps}`;
  const show = (value: number | null | undefined) => value?.toFixed(4) ?? "not finite";
  if (validation_loss !== undefined) {
    const bits = bits_per_byte === undefined ? "" : `, ${show(bits_per_byte)} bits per byte`;
    report.say(`${at}  validation loss ${show(validation_loss)} (perplexity ${perplexity?.toFixed(2)}${bits})`);
    return;
  }
  const speed = `${formatNumber(tokens_per_second!, 0)} tokens/s${mfu === undefined ? "" : `, MFU ${percent(mfu)}`}`;
  const left = step === steps ? "" : `  ${formatTimeLeft(seconds / step * (steps - step))}`;
  report.say(`${at}  loss ${show(loss)}  rate ${metrics.learning_rate!.toExponential(2)}  ${speed}${left}`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function trainingFlopsPerToken(model: TransformerLM["config"]): number {
  const { forward } = account({
    ...{ model, batchSize: 1, precision: "float32", scores: "fused", attention: "causal" },
    ...{ promptLength: 1, generatedTokens: 1 },
  });
  return 3 * Number(forward.total!.value) / model.context_length;
}

// In the precision of training. A GPU reaches its rate with large matrices only: they grow until a product takes a
// millisecond.
function measuredPeak(device: Device, { precision = "float32" }: TrainingConfig): number {
  let peak = 0;
  for (let width = 1024; width <= 8192; width *= 2) {
    const measured = measureDevice(device, { memoryBytes: 0n, width, copied: 1 << 16, repetitions: 3 });
    peak = Math.max(peak, measured.peakFlops[precision]!);
    if (2 * width ** 3 / peak > 1e-3) break;
  }
  return peak;
}
