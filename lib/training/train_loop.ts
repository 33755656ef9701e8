import type { OnProgress } from "../data/progress.ts";
import type { TokenBatch } from "../data/token_batch.ts";
import type { TokenDataset } from "../data/token_dataset.ts";
import type { TransformerLM } from "../model/transformer_lm.ts";
import type { Device } from "../tensor/device.ts";
import { Random } from "../tensor/random.ts";
import { type ExpectedState, loadCheckpoint, saveCheckpoint, type TrainingState } from "./checkpoint.ts";
import { CheckpointFolder } from "./checkpoint_folder.ts";
import { DivergenceError, lossLimit } from "./divergence.ts";
import { evaluateByBatch, type Evaluation } from "./evaluate.ts";
import { ExperimentRecord } from "./experiment_record.ts";
import { type Metrics, readMetrics } from "./metrics.ts";
import { type ExportFormat, MetricsExport } from "./metrics_export.ts";
import { readSessions, type RunSession } from "./run_sessions.ts";
import { Trainer } from "./trainer.ts";
import { parseTrainingConfig, type TrainingConfig } from "./training_config.ts";

// A signal or a timer waits at most this long for the loop to let it through.
const YIELD_MILLISECONDS = 100;

/** What to train, on what, and who is told. */
export interface TrainOptions {
  /** All settings; `parseTrainingConfig()` makes it. */
  config: TrainingConfig;
  /** Where it computes; the results depend on it by rounding only, the batches not at all. */
  device: Device;
  /** Token ids to train on. */
  data: TokenDataset;
  /** Token ids to evaluate on; without them there is no evaluation. */
  validation?: TokenDataset;
  /**
   * The run's folder, for config.json, metrics.jsonl, sessions.jsonl, samples/ and checkpoints/; it must not hold a run
   * yet, unless that is resumed. Left out, nothing is written.
   */
  folder?: string;
  /** Goes on from the newest checkpoint in the folder; false if left out. */
  resume?: boolean;
  /** Formats of other tools to keep the metrics in as well; needs a folder. */
  exports?: readonly ExportFormat[];
  /** The command line that starts this, kept in sessions.jsonl for whoever wants to repeat it. */
  command?: string;
  /** SHA-256 of the tokenizer, kept in checkpoints; resuming with another is refused. */
  tokenizerHash?: string;
  /** Bytes of text per token of the validation data, for bits per byte. */
  bytesPerToken?: number;
  /** FLOPs of training one token, and the most that the device can do in a second: for the share of it that is used. */
  flops?: { perToken: number; peakPerSecond: number };
  /**
   * Once aborted, training ends with a checkpoint: after the step at hand, or between two batches of a step or of an
   * evaluation. Resuming begins that step or evaluation anew.
   */
  signal?: AbortSignal;
  /**
   * Hears of every step, in tokens since this start, so that rate and time left are those of now; with the loss last
   * read.
   */
  onProgress?: OnProgress;
  /** Hears of every line of metrics. */
  onMetrics?: (metrics: Metrics) => void;
  /** Writes something with the model as it is, every `sample_every` steps; what it returns is kept in samples/. */
  onSample?: (model: TransformerLM, step: number) => string;
}

/** A trained model, and how training went. Disposing of it frees the model. */
export interface TrainResult extends Disposable {
  /** The model with its last weights. */
  model: TransformerLM;
  /** Optimizer steps done, those before a resume included. */
  step: number;
  /** Tokens trained on. */
  tokens: number;
  /** Wall-clock time, without the time between stop and resume. */
  seconds: number;
  /** Mean training loss of the last line of metrics. */
  loss: number;
  /** The last evaluation, if there was one. */
  evaluation?: Evaluation;
  /** True if the signal ended training before its last step. */
  interrupted: boolean;
}

/**
 * Trains a language model (handout, training together): batches drawn by seed, gradient accumulation, clipping, an
 * optimizer under its schedule, evaluation, samples, checkpoints and metrics.
 *
 * The same configuration on the same device gives the same bits, whether or not training was stopped and resumed in
 * between. The loss is read back only every `log_every` steps, so that a device may work ahead.
 *
 * @throws {RangeError} Before anything is written, if the configuration is none, the data are shorter than a sequence
 * or have ids outside of the vocabulary, or a checkpoint does not fit.
 * @throws {DivergenceError} If the loss is no longer finite, or has exploded; checkpoints from before are kept.
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { TokenDataset } from "../data/token_dataset.ts";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { parseTrainingConfig } from "./training_config.ts";
 * using device = new Device(new ReferenceBackend());
 * const config = parseTrainingConfig({
 *   model: { vocab_size: 3, context_length: 4, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16 },
 *   batch_size: 4, steps: 30, optimizer: { max_learning_rate: 0.01 },
 * });
 * const data = TokenDataset.fromIds(Uint32Array.from({ length: 60 }, (_, i) => i % 3), { vocabSize: 3 });
 * using trained = await train({ config, device, data });
 * assert(trained.loss < Math.log(3));
 * ```
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const run = new TrainingRun(options);
  try {
    await run.go();
    return run.result();
  } catch (error) {
    run.withdrawUnlessBegun();
    run.trainer[Symbol.dispose]();
    throw error;
  } finally {
    run.close();
  }
}

class TrainingRun {
  readonly trainer: Trainer;
  #record?: ExperimentRecord;
  #export?: MetricsExport;
  #options: TrainOptions;
  #checkpoints?: CheckpointFolder;
  #random: Random;
  #state: Pick<TrainingState, "tokens" | "seconds" | "first_loss" | "best_validation_loss">;
  #evaluation?: Evaluation;
  #evaluatedAt = -1;
  // Whether a signal has kept the step at hand from being evaluated, in this process or in the one before.
  #owesEvaluation = false;
  #loss = NaN;
  #gradientNorm = NaN;
  #tokensPerStep: number;
  #interrupted = false;
  // The step of the newest checkpoint; the weights of step 0 follow from the seed.
  #savedAt = 0;
  #lastYield = performance.now();
  // Wall-clock time: when this process began, and the part of it since the last line that was not spent on steps.
  #begin = performance.now();
  #lineBegin = performance.now();
  #lineSteps = 0;

  constructor(options: TrainOptions) {
    const { device, folder, resume = false } = options;
    // Types do not keep a program from changing a number.
    const config = parseTrainingConfig(options.config);
    this.#options = { ...options, config };
    this.#tokensPerStep = config.batch_size * config.gradient_accumulation_steps * config.model.context_length;
    const { context_length } = config.model;
    options.data.checkSequence(context_length);
    options.validation?.checkSequence(context_length);
    for (const data of [options.data, options.validation]) if (data) checkVocabulary(data, config);
    if (resume && folder === undefined) throw new RangeError("Cannot resume: no folder is given; say which run");
    if (options.exports?.length && folder === undefined) {
      throw new RangeError("Cannot export the metrics: no folder is given; say where the run is to be kept");
    }
    this.#state = { tokens: 0, seconds: 0 };
    this.#random = new Random(config.seed);
    using undo = new DisposableStack();
    if (resume) this.#record = undo.use(ExperimentRecord.resume(folder!));
    this.trainer = undo.use(new Trainer(device, config));
    if (resume) this.#restore();
    else if (folder !== undefined) this.#record = undo.use(ExperimentRecord.create(folder, config));
    if (this.#record) {
      this.#checkpoints = new CheckpointFolder(this.#record.checkpointFolder);
      this.#record.beginSession(this.#session());
      this.#export = new MetricsExport(
        folder!,
        options.exports ?? [],
        readMetrics(this.#record.metricsPath),
        readSessions(folder!),
      );
    }
    undo.move();
  }

  async go(): Promise<void> {
    const { config: { steps }, onProgress } = this.#options;
    const { trainer } = this;
    const tokensPerStep = this.#tokensPerStep;
    const firstStep = trainer.steps;
    this.#lineBegin = performance.now();
    if (this.#owesEvaluation) await this.#finishStep();
    while (trainer.steps < steps && !this.#interrupted) {
      if (!await this.#step()) {
        this.#interrupted = true;
        this.#readResults();
        this.#save();
        return;
      }
      this.#state.tokens += tokensPerStep;
      this.#lineSteps++;
      onProgress?.({
        phase: "training",
        done: (trainer.steps - firstStep) * tokensPerStep,
        total: (steps - firstStep) * tokensPerStep,
        unit: "tokens",
        ...(!Number.isNaN(this.#loss) && { detail: `loss ${this.#loss.toFixed(3)}` }),
      });
      await this.#letSignalThrough();
      await this.#finishStep();
    }
  }

  /** Takes a new run back that did not come to the end of its first step: a batch too large for the memory, mostly. */
  withdrawUnlessBegun(): void {
    if (this.#options.resume || this.#state.tokens > 0) return;
    this.#export?.withdraw();
    this.#record?.withdraw();
  }

  /** Closes the run's files. */
  close(): void {
    using _record = this.#record;
    this.#export?.[Symbol.dispose]();
  }

  result(): TrainResult {
    const { trainer } = this;
    return {
      model: trainer.model,
      step: trainer.steps,
      tokens: this.#state.tokens,
      seconds: this.#seconds(),
      loss: this.#loss,
      evaluation: this.#evaluation,
      interrupted: this.#interrupted,
      [Symbol.dispose]: () => trainer[Symbol.dispose](),
    };
  }

  #session(): RunSession {
    const { device, command } = this.#options;
    return {
      started: new Date().toISOString(),
      step: this.trainer.steps,
      seconds: this.#state.seconds,
      device: device.name,
      description: device.backend.description,
      system: `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`,
      parameters: this.trainer.model.parameters.count,
      command,
    };
  }

  /** One step; false if a signal came between two of its batches, and all is as before it. */
  async #step(): Promise<boolean> {
    const { config: { seed, overfit_one_batch, gradient_accumulation_steps }, signal } = this.#options;
    if (overfit_one_batch) this.#random = new Random(seed);
    const before = this.#random.state();
    for (const _ of this.trainer.stepByBatch(this.#batches(), gradient_accumulation_steps)) {
      await this.#letSignalThrough();
      if (signal?.aborted) {
        this.#random = Random.fromState(before);
        return false;
      }
    }
    return true;
  }

  *#batches(): Generator<TokenBatch> {
    const { config, data } = this.#options;
    for (let i = 0; i < config.gradient_accumulation_steps; i++) {
      yield data.sample(this.#random, config.batch_size, config.model.context_length);
    }
  }

  async #letSignalThrough(): Promise<void> {
    if (performance.now() - this.#lastYield <= YIELD_MILLISECONDS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastYield = performance.now();
  }

  /** What is due after a step; a signal leaves evaluation and sample to whoever resumes. */
  async #finishStep(): Promise<void> {
    const { config, validation, signal } = this.#options;
    const { steps, log_every, eval_every, sample_every, checkpoint_every } = config;
    const { trainer } = this;
    const step = trainer.steps;
    const due = (every: number) => every > 0 && (step % every === 0 || step === steps);
    // One that came during the last step leaves nothing out: what is left would not be worth another start.
    const isStopped = step < steps && (signal?.aborted ?? false);
    const saves = isStopped || step === steps || due(checkpoint_every) || this.#owesEvaluation;
    // What is saved, sampled or evaluated has been looked at, so no weights that are not finite are ever kept.
    if (due(log_every) || trainer.isFull || due(eval_every) || due(sample_every) || saves) this.#readResults();
    this.#owesEvaluation = due(eval_every) && validation !== undefined && (isStopped || !await this.#evaluate());
    this.#interrupted = this.#owesEvaluation || step < steps && (signal?.aborted ?? false);
    if (due(sample_every) && !this.#owesEvaluation) this.#sample();
    if (saves || this.#interrupted) this.#save();
  }

  /** Reads the losses of the steps since the last line, looks at them, and writes a line. */
  #readResults(): void {
    if (this.trainer.pending === 0) return;
    const { config, flops } = this.#options;
    const { losses, gradientNorms } = this.trainer.readResults();
    const step = this.trainer.steps;
    const secondsOfSteps = (performance.now() - this.#lineBegin) / 1000;
    const tokensPerSecond = this.#lineSteps * this.#tokensPerStep / secondsOfSteps;
    this.#loss = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    this.#gradientNorm = gradientNorms[gradientNorms.length - 1];
    this.#state.first_loss ??= losses[0];
    this.#append({
      loss: finite(this.#loss),
      learning_rate: this.trainer.learningRate(step),
      gradient_norm: finite(this.#gradientNorm),
      tokens_per_second: Math.round(tokensPerSecond * 10) / 10,
      ...(flops && { mfu: tokensPerSecond * flops.perToken / flops.peakPerSecond }),
    });
    this.#restartLine();
    const limit = lossLimit(config.model.vocab_size, this.#state.first_loss);
    const bad = losses.findIndex((loss, i) => !(loss <= limit) || !Number.isFinite(gradientNorms[i]));
    if (bad >= 0) {
      const at = step - losses.length + 1 + bad;
      throw new DivergenceError(at, losses[bad], gradientNorms[bad], this.trainer.largestGradient());
    }
  }

  /** Evaluates; false if a signal came between two of the batches, and nothing is known. */
  async #evaluate(): Promise<boolean> {
    const { config, validation, bytesPerToken, signal } = this.#options;
    const { batch_size, eval_batches, model: { context_length } } = config;
    const cameBefore = signal?.aborted ?? false;
    using work = evaluateByBatch(this.trainer.model, validation!.windows(eval_batches, batch_size, context_length), {
      bytesPerToken,
      arena: this.trainer.activations,
    });
    let turn = work.next();
    for (; !turn.done; turn = work.next()) {
      await this.#letSignalThrough();
      if (!cameBefore && signal?.aborted) return false;
    }
    this.#evaluation = turn.value;
    this.#evaluatedAt = this.trainer.steps;
    const { loss, perplexity, bitsPerByte } = this.#evaluation;
    this.#append({
      validation_loss: finite(loss),
      perplexity: finite(perplexity),
      ...(bitsPerByte !== undefined && { bits_per_byte: finite(bitsPerByte) }),
    });
    this.#restartLine();
    // The weights that the last step made have no training loss yet, and after the last of all steps never get one.
    if (!Number.isFinite(loss)) {
      const { steps } = this.trainer;
      throw new DivergenceError(steps, loss, this.#gradientNorm, this.trainer.largestGradient());
    }
    return true;
  }

  #sample(): void {
    const { onSample } = this.#options;
    if (!onSample) return;
    const step = this.trainer.steps;
    const text = onSample(this.trainer.model, step);
    this.#record?.writeSample(step, text);
    this.#restartLine();
  }

  #save(): void {
    if (!this.#record || !this.#checkpoints || this.#savedAt === this.trainer.steps) return;
    const { config, data, tokenizerHash } = this.#options;
    const { trainer } = this;
    const isBest = this.#evaluatedAt === trainer.steps &&
      this.#evaluation!.loss < (this.#state.best_validation_loss ?? Infinity);
    if (isBest) this.#state.best_validation_loss = this.#evaluation!.loss;
    this.#record.sync();
    saveCheckpoint(this.#checkpoints.pathOf(trainer.steps), trainer.model, trainer.optimizer, {
      ...this.#state,
      config,
      step: trainer.steps,
      seconds: this.#seconds(),
      random: this.#random.state(),
      data_tokens: data.length,
      tokenizer_sha256: tokenizerHash,
      is_best: isBest,
      owes_evaluation: this.#owesEvaluation || undefined,
    });
    this.#savedAt = trainer.steps;
    if (isBest) this.#checkpoints.markBest(trainer.steps);
    this.#checkpoints.prune(config.keep_checkpoints);
    this.#restartLine();
  }

  #restore(): void {
    const record = this.#record!;
    const checkpoints = new CheckpointFolder(record.checkpointFolder);
    const latest = checkpoints.latest();
    if (latest) {
      const { config, data, tokenizerHash } = this.#options;
      const expected = { config, data_tokens: data.length, tokenizer_sha256: tokenizerHash };
      const state = this.#loadLatest(checkpoints, expected);
      if (state.step > config.steps) {
        throw new RangeError(
          `Cannot resume ${this.#options.folder}: steps is ${config.steps}, and it has done ${state.step}; give more steps`,
        );
      }
      const { tokens, seconds, first_loss, best_validation_loss } = state;
      this.#state = { tokens, seconds, first_loss, best_validation_loss };
      this.#owesEvaluation = state.owes_evaluation ?? false;
      if (!this.#owesEvaluation) this.#savedAt = state.step; // else it is saved again, with what it owes
      this.#random = Random.fromState(state.random);
      // A process killed between saving and naming the best has left the name to an older one.
      if (state.is_best) checkpoints.markBest(latest.step);
    }
    record.cutAfter(latest?.step ?? 0, this.#owesEvaluation);
    record.writeConfig(this.#options.config);
  }

  #loadLatest(checkpoints: CheckpointFolder, expected: ExpectedState): TrainingState {
    const [latest, before] = checkpoints.list().toReversed();
    try {
      return loadCheckpoint(latest.path, this.trainer.model, this.trainer.optimizer, expected);
    } catch (error) {
      // A RangeError says that it is another run's, and else it is damaged.
      if (!(error instanceof Error) || error instanceof RangeError || before === undefined) throw error;
      throw new Error(`${error.message}; remove it, and training goes on from step ${before.step}`, { cause: error });
    }
  }

  #append(measured: Omit<Metrics, "step" | "tokens" | "seconds">): void {
    const metrics: Metrics = {
      step: this.trainer.steps,
      tokens: this.#state.tokens,
      seconds: Math.round(this.#seconds() * 1000) / 1000,
      ...measured,
    };
    this.#record?.append(metrics);
    this.#export?.append(metrics);
    this.#options.onMetrics?.(metrics);
  }

  #restartLine(): void {
    this.#lineBegin = performance.now();
    this.#lineSteps = 0;
  }

  #seconds(): number {
    return this.#state.seconds + (performance.now() - this.#begin) / 1000;
  }
}

function checkVocabulary({ vocabSize }: TokenDataset, { model: { vocab_size } }: TrainingConfig): void {
  if (vocabSize <= vocab_size) return;
  throw new RangeError(
    `Cannot train: the data have ids of a vocabulary of ${vocabSize}, model.vocab_size is ${vocab_size}; ` +
      `raise it, or encode the data with another tokenizer`,
  );
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
