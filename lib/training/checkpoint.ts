import { createHash } from "node:crypto";
import { z } from "zod";
import {
  openSafetensors,
  type SafetensorsReader,
  type SafetensorsTensor,
  writeSafetensors,
} from "../data/safetensors.ts";
import { inOurWords, refusal } from "../data/refusal.ts";
import { parameterLayout } from "../model/parameter_layout.ts";
import { TransformerLM, type TransformerOptions } from "../model/transformer_lm.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Device } from "../tensor/device.ts";
import type { Slice } from "../tensor/slice.ts";
import { Random } from "../tensor/random.ts";
import { differences, type TrainingConfig, TrainingConfigSchema } from "./training_config.ts";

/*
 * A checkpoint is a safetensors file: the weights under the names of the state dict, the optimizer's moments under the
 * same names behind a prefix, and one entry of metadata that holds, as JSON, all else that training needs to go on.
 * Other tools read the weights as they are. A checksum tells where that entry is damaged: most of what a flipped bit
 * makes of a number is a number, with which training would go on to other batches or another best.
 */
const METADATA_KEY = "denolm_training_state";
const CHECKSUM_KEY = "denolm_training_state_sha256";
const FIRST_MOMENTS = "optimizer.first_moments.";
const SECOND_MOMENTS = "optimizer.second_moments.";

// Settings that change what is written down or when training ends, not how it goes on from here; and paths, since
// what lies there is compared by itself.
const FREE_TO_CHANGE = [
  ...["steps", "log_every", "eval_every", "eval_batches", "checkpoint_every", "keep_checkpoints", "sample_every"],
  ...["input", "data", "validation_data", "tokenizer"],
];

/** Where training stands: all that a checkpoint keeps besides weights and moments. */
export interface TrainingState {
  /** Of this format. */
  version: 1;
  /** All settings of the run. */
  config: TrainingConfig;
  /** Optimizer steps done. */
  step: number;
  /** Tokens trained on. */
  tokens: number;
  /** Wall-clock time of training. */
  seconds: number;
  /** State of the random numbers that choose the batches: the data's position. */
  random: number[];
  /** Length of the training data. */
  data_tokens: number;
  /** Hash of the tokenizer that made the data. */
  tokenizer_sha256?: string;
  /** Loss of the first step. */
  first_loss?: number;
  /** Lowest validation loss of the checkpoints so far. */
  best_validation_loss?: number;
  /** Whether that is this checkpoint's. */
  is_best: boolean;
  /** Whether a signal came before the step was evaluated: whoever goes on does that first. */
  owes_evaluation?: boolean;
}

const State = z.object({
  version: z.literal(1).default(1),
  config: TrainingConfigSchema,
  step: z.int().min(0),
  tokens: z.int().min(0),
  seconds: z.number().min(0),
  random: z.array(z.int()).length(4),
  data_tokens: z.int().min(0),
  tokenizer_sha256: z.string().optional(),
  first_loss: z.number().optional(),
  best_validation_loss: z.number().optional(),
  is_best: z.boolean().default(false),
  owes_evaluation: z.boolean().optional(),
});

/** {@linkcode TrainingState} before its defaults are filled in. */
export type TrainingStateInput = Omit<TrainingState, "version" | "is_best"> & Partial<TrainingState>;

/** What a run brings along, for comparison with a checkpoint that it shall go on from. */
export type ExpectedState = Pick<TrainingState, "config" | "data_tokens" | "tokenizer_sha256">;

/**
 * Saves a model with its optimizer and the state of training (handout, save_checkpoint), atomically: a process killed
 * or a disk filled on the way leaves what was there before. Tensors are read back from the device one at a time.
 *
 * @param path A name ending in .safetensors.
 * @param state Its `config.model` is the model's configuration.
 * @throws {RangeError} If the state is none that could be loaded again, or of another model, or the optimizer steps
 * other weights.
 * @throws {Error} If it cannot be written.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { TransformerLM } from "../model/transformer_lm.ts";
 * import { AdamW } from "../optim/adamw.ts";
 * import { Random } from "../tensor/random.ts";
 * import { parseTrainingConfig } from "./training_config.ts";
 * using device = new Device(new ReferenceBackend());
 * const config = parseTrainingConfig({
 *   model: { vocab_size: 11, context_length: 4, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16 },
 * });
 * using model = new TransformerLM(device, config.model);
 * using optimizer = new AdamW(model.parameters);
 * const path = Deno.makeTempFileSync({ suffix: ".safetensors" });
 * const state = { config, step: 3, tokens: 96, seconds: 1, random: new Random(0).state(), data_tokens: 1000 };
 * saveCheckpoint(path, model, optimizer, state);
 * assertEquals(readTrainingState(path).tokens, 96);
 * assertEquals(loadCheckpoint(path, model, optimizer).step, 3); // to go on training
 * using written = loadModel(device, path); // to generate or evaluate
 * assertEquals(written.parameters.state().size, model.parameters.state().size);
 * Deno.removeSync(path);
 * ```
 */
export function saveCheckpoint(
  path: string,
  model: TransformerLM,
  optimizer: Optimizer,
  state: TrainingStateInput,
): void {
  const { device, parameters } = model;
  checkState(path, state, model);
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const [name, { shape, weights }] of parameters.named) {
    const add = (prefix: string, slice: typeof weights) => {
      tensors[prefix + name] = { shape, values: () => device.download(slice) };
    };
    const { first, second } = optimizer.momentsOf(weights);
    add("", weights);
    add(FIRST_MOMENTS, first);
    if (second) add(SECOND_MOMENTS, second);
  }
  write(path, tensors, state);
}

// A checkpoint that could not be loaded would be found out when it is needed.
function checkState(path: string, state: TrainingStateInput, model: TransformerLM): void {
  const parsed = State.safeParse(state, inOurWords);
  const problems = parsed.success
    ? differences(parsed.data.config.model, model.config, "config.model").map((field) => field.replace(" there", ""))
    : parsed.error.issues.map((issue) => refusal(issue, state));
  if (problems.length === 0) return;
  throw new RangeError(`Cannot save ${path}: its training state is none of this model: ${problems.join("; ")}`);
}

/**
 * Saves weights that come from elsewhere as a run's first checkpoint: step 0, without moments. `loadModel()` reads it;
 * training cannot go on from it.
 *
 * @param weights Fetches the weights of a name of the state dict when their turn comes.
 * @param state What is known of the run: its settings and, if there is one, the tokenizer's hash.
 * @throws {Error} If it cannot be written.
 */
export function saveWeights(
  path: string,
  weights: (name: string) => Float32Array,
  state: Pick<TrainingState, "config" | "tokenizer_sha256">,
): void {
  const shapes = parameterLayout(state.config.model).flatMap(({ members }) => members);
  const tensors = Object.fromEntries(shapes.map(({ name, shape }) => [name, { shape, values: () => weights(name) }]));
  const random = new Random(state.config.seed).state();
  const untrained: TrainingStateInput = { ...state, step: 0, tokens: 0, seconds: 0, random, data_tokens: 0 };
  write(path, tensors, untrained);
}

/**
 * Loads what `saveCheckpoint()` saved into a model and its optimizer (handout, load_checkpoint); see the example there.
 *
 * @param expected What the run to be continued was started with; left out, only the model's configuration must agree.
 * @returns Where training stood.
 * @throws {RangeError} If the checkpoint is of another configuration (the differing fields are listed), data, tokenizer
 * or optimizer, or holds weights alone.
 * @throws {Error} If the file is damaged or cut off. Model and optimizer are unchanged in either case.
 */
export function loadCheckpoint(
  path: string,
  model: TransformerLM,
  optimizer: Optimizer,
  expected?: ExpectedState,
): TrainingState {
  using file = openSafetensors(path);
  const state = stateOf(file);
  if (!file.names.some((name) => name.startsWith(FIRST_MOMENTS))) {
    throw new RangeError(
      `Cannot go on from ${path}: it holds weights alone, which were not trained here, and no optimizer's state; ` +
        `text can be generated with them`,
    );
  }
  checkFits(path, state, model, expected);
  const { parameters } = model;
  const weights = readWeights(file, model);
  const moments = readMoments(file, model, optimizer);
  parameters.load(weights);
  for (const [slice, values] of moments) model.device.upload(slice, values);
  optimizer.resumeAt(state.step);
  return state;
}

/**
 * The state of training in a checkpoint, without its tensors.
 *
 * @throws {Error} If the file is no checkpoint, damaged or cut off.
 */
export function readTrainingState(path: string): TrainingState {
  using file = openSafetensors(path);
  return stateOf(file);
}

/**
 * Makes a model from a checkpoint's configuration and weights, for generation and evaluation; see the example of
 * {@linkcode saveCheckpoint}.
 *
 * @param options How parameters are kept; not trainable if left out.
 * @throws {Error} If the file is no checkpoint, damaged or cut off.
 */
export function loadModel(
  device: Device,
  path: string,
  options: Omit<TransformerOptions, "seed" | "state"> = {},
): TransformerLM {
  using file = openSafetensors(path);
  const { config } = stateOf(file);
  const names = file.names.filter((name) => !name.startsWith("optimizer."));
  const state = new Map(names.map((name) => [name, readFloats(file, name)]));
  return new TransformerLM(device, config.model, { trainable: false, ...options, state });
}

function write(path: string, tensors: Record<string, SafetensorsTensor>, state: TrainingStateInput): void {
  const text = JSON.stringify({ version: 1, ...state });
  writeSafetensors(path, tensors, { [METADATA_KEY]: text, [CHECKSUM_KEY]: checksum(text) });
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function stateOf(file: SafetensorsReader): TrainingState {
  const text = file.metadata[METADATA_KEY];
  if (text === undefined) {
    throw new Error(
      `Cannot load ${file.path}: it is a safetensors file, but no checkpoint of a training run; ` +
        `give a file of a run's checkpoints folder`,
    );
  }
  const refuse = (problem: string) =>
    new Error(`Cannot load ${file.path}: its training state is damaged, or of another version of denolm: ${problem}`);
  const expected = file.metadata[CHECKSUM_KEY]; // older checkpoints have none
  if (expected !== undefined && checksum(text) !== expected) throw refuse("its checksum is wrong");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(String(error));
  }
  const parsed = State.safeParse(value, inOurWords);
  if (!parsed.success) throw refuse(parsed.error.issues.map((issue) => refusal(issue, value)).join("; "));
  return parsed.data;
}

function checkFits(path: string, state: TrainingState, model: TransformerLM, expected?: ExpectedState): void {
  const there: Record<string, unknown> = { ...state.config };
  const here: Record<string, unknown> = expected ? { ...expected.config } : { ...there, model: model.config };
  for (const field of FREE_TO_CHANGE) {
    delete there[field];
    delete here[field];
  }
  const differing = differences(there, here);
  if (expected) {
    const { data_tokens, tokenizer_sha256 } = expected;
    differing.push(...differences(
      { "the data's length": state.data_tokens, "the tokenizer's SHA-256": state.tokenizer_sha256 },
      { "the data's length": data_tokens, "the tokenizer's SHA-256": tokenizer_sha256 },
    ));
  }
  if (differing.length > 0) {
    throw new RangeError(
      `Cannot go on from ${path}: it belongs to other settings: ${differing.join("; ")}; ` +
        `use those of the checkpoint, or start another run`,
    );
  }
}

function readWeights(file: SafetensorsReader, model: TransformerLM): Map<string, Float32Array> {
  return new Map([...model.parameters.named.keys()].map((name) => [name, readFloats(file, name)]));
}

// What is to be uploaded where, or an error before anything is.
function readMoments(
  file: SafetensorsReader,
  { parameters }: TransformerLM,
  optimizer: Optimizer,
): [Slice, Float32Array][] {
  const slices = new Map<string, Slice>();
  for (const [name, { weights }] of parameters.named) {
    const { first, second } = optimizer.momentsOf(weights);
    slices.set(FIRST_MOMENTS + name, first);
    if (second) slices.set(SECOND_MOMENTS + name, second);
  }
  const saved = file.names.filter((name) => name.startsWith(FIRST_MOMENTS) || name.startsWith(SECOND_MOMENTS));
  if (saved.length !== slices.size || saved.some((name) => !slices.has(name))) {
    throw new RangeError(
      `Cannot go on from ${file.path}: it holds ${saved.length} moments, this optimizer has ${slices.size}; ` +
        `use the optimizer that it was saved with`,
    );
  }
  return [...slices].map(([name, slice]) => {
    const values = new Float32Array(slice.length);
    file.readInto(name, values);
    return [slice, values];
  });
}

function readFloats(file: SafetensorsReader, name: string): Float32Array {
  const values = new Float32Array(file.shape(name).reduce((product, size) => product * size, 1));
  file.readInto(name, values);
  return values;
}
