import { dirname } from "@std/path/dirname";
import { AtomicFile, generateStories, NpyWriter, openNpy, STORY_SEPARATOR, Tokenizer, trainBpe } from "../../mod.ts";
import { checkVocabulary } from "../../lib/tokenizer/train_bpe.ts";
import { parseTrainingConfig, type TrainingConfig } from "../../lib/training/training_config.ts";
import { formatBytes, formatNumber } from "../../lib/data/amounts.ts";
import { freeBytes } from "../../lib/data/free_space.ts";
import type { Report } from "../frame/report.ts";
import { checkTexts } from "../tokenizing/check_texts.ts";

// The last twentieth of a text is not trained on but evaluated on, unless other validation data are given.
const VALIDATION_SHARE = 1 / 20;

const SPECIAL_TOKENS = [STORY_SEPARATOR];

// Ids pass from file to file in pieces of this size.
const PIECE = 1 << 20;

/** Text as ids, and the tokenizer that made them. */
export interface PreparedData {
  /** The configuration with the paths of all that was made. */
  config: TrainingConfig;
  /** Absent where only encoded text was given. */
  tokenizer?: Tokenizer;
}

/**
 * Makes token ids for training of what a configuration names: encoded text as it is; a text file, with its tokenizer or
 * one trained on it; or, where it names nothing, the built-in stories. What is made lies in the run's folder.
 */
export async function prepareData(
  config: TrainingConfig,
  folder: string,
  builtInBytes: number,
  report: Report,
): Promise<PreparedData> {
  if (config.data !== undefined) {
    const tokenizer = config.tokenizer === undefined ? undefined : await Tokenizer.load(config.tokenizer);
    if (tokenizer) checkRoom(tokenizer, config);
    return { config, tokenizer };
  }
  // Before the work: text may take hours to encode.
  if (config.input !== undefined) await checkTexts([config.input]);
  if (config.validation_data !== undefined) openNpy(config.validation_data).close();
  await Deno.mkdir(folder, { recursive: true });
  const text = config.input ?? await writeStories(`${folder}/stories.txt`, builtInBytes, config.seed, report);
  const { tokenizer, path } = config.tokenizer === undefined
    ? await trainTokenizer(text, folder, config, report)
    : { tokenizer: await Tokenizer.load(config.tokenizer), path: config.tokenizer };
  checkRoom(tokenizer, config);

  const whole = `${folder}/tokens.npy`;
  const { tokens, bytes } = await tokenizer.encodeFile(text, whole, {
    onProgress: report.progress,
    signal: report.signal,
  });
  report.say(`${formatBytes(bytes)} of text are ${formatNumber(tokens)} tokens.`);
  const paths = { input: text, data: whole, tokenizer: path };
  if (config.validation_data !== undefined) return { config: parseTrainingConfig({ ...config, ...paths }), tokenizer };
  const [data, validation_data] = split(whole, `${folder}/train.npy`, `${folder}/validation.npy`);
  await Deno.remove(whole);
  return { config: parseTrainingConfig({ ...config, ...paths, data, validation_data }), tokenizer };
}

/**
 * Checks, for a configuration that names neither encoded text nor a tokenizer, that one of its size can be trained.
 *
 * @throws {RangeError} If it cannot.
 */
export function checkTokenizerToTrain({ data, tokenizer, model: { vocab_size } }: TrainingConfig): void {
  if (data === undefined && tokenizer === undefined) checkVocabulary(vocab_size, SPECIAL_TOKENS);
}

async function writeStories(path: string, bytes: number, seed: number, report: Report): Promise<string> {
  const free = await freeBytes(dirname(path));
  if (free !== undefined && free < bytes) {
    throw new Error(
      `Cannot write ${formatBytes(bytes)} of stories to ${path}: ${formatBytes(free)} are free there; ` +
        `give a smaller --built-in-bytes`,
    );
  }
  report.say(`Telling ${formatBytes(bytes)} of built-in, synthetic stories ...`);
  using file = new AtomicFile(path);
  for (const chunk of generateStories({ seed, bytes })) file.write(chunk);
  file.commit();
  return path;
}

async function trainTokenizer(text: string, folder: string, { model: { vocab_size } }: TrainingConfig, report: Report) {
  report.say(`Training a tokenizer of ${formatNumber(vocab_size)} entries on ${text} ...`);
  const { model } = await trainBpe({
    input: text,
    vocabSize: vocab_size,
    specialTokens: SPECIAL_TOKENS,
    onProgress: report.progress,
    signal: report.signal,
  });
  const tokenizer = Tokenizer.fromModel(model);
  const path = `${folder}/tokenizer`;
  await tokenizer.save(path, "gpt2");
  return { tokenizer, path };
}

/** Cuts a file of ids in two: what is trained on, and the end, which is not. */
function split(whole: string, trainPath: string, validationPath: string): [string, string] {
  using ids = openNpy(whole);
  if (ids.dtype !== "uint16" && ids.dtype !== "uint32") throw new TypeError(`${whole} holds ${ids.dtype}`);
  const border = ids.length - Math.floor(ids.length * VALIDATION_SHARE);
  for (const [path, from, to] of [[trainPath, 0, border], [validationPath, border, ids.length]] as const) {
    using writer = new NpyWriter(path, ids.dtype);
    for (let start = from; start < to; start += PIECE) {
      writer.write(ids.read(start, Math.min(PIECE, to - start)) as Uint16Array<ArrayBuffer>);
    }
    writer.close();
  }
  return [trainPath, validationPath];
}

function checkRoom({ vocabSize }: Tokenizer, { model: { vocab_size } }: TrainingConfig): void {
  if (vocabSize <= vocab_size) return;
  throw new RangeError(
    `Cannot train: the tokenizer has ${vocabSize} entries, model.vocab_size is ${vocab_size}; ` +
      `give --model.vocab_size ${vocabSize}`,
  );
}
