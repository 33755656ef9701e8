import { isFile } from "../../lib/data/is_file.ts";
import { readJson } from "../../lib/data/read_json.ts";
import { claimFolder } from "../../lib/experiments/claim.ts";
import type { SourceText } from "../../lib/experiments/plan.ts";
import { type PreparedText, PreparedTextSchema } from "../../lib/experiments/prepared_text.ts";
import type { ScaleSettings } from "../../lib/experiments/scale.ts";
import { atomicWrite, parseTrainingConfig, TokenDataset } from "../../mod.ts";
import type { Report } from "../frame/report.ts";
import { bytesPerToken } from "../training/bytes_per_token.ts";
import { prepareData } from "../training/prepare_data.ts";
import { tokenizerHash } from "../training/tokenizer_hash.ts";

// Where another process prepares the same text, we look this often whether it is done.
const POLL_MILLISECONDS = 500;

/**
 * Token ids of a text for a vocabulary: made once, with a tokenizer trained on the text, and found by all experiments
 * and processes afterwards.
 *
 * @param root Folder of all experiments' runs.
 * @throws {RangeError} If the text is too short for a sequence.
 */
export async function prepareText(
  source: SourceText,
  vocabSize: number,
  { model, builtInBytes }: ScaleSettings,
  root: string,
  report: Report,
): Promise<PreparedText> {
  const folder = `${root}/text-${source.name}-${vocabSize}-${await shortHash(source.id)}`;
  using _claim = await claimWhenFree(folder, report.signal);
  const path = `${folder}/text.json`;
  if (isFile(path)) return readJson(path, PreparedTextSchema, `remove the folder ${folder}, and it is prepared anew`);
  const wanted = parseTrainingConfig({ model: { ...model, vocab_size: vocabSize }, input: source.path });
  const { config, tokenizer } = await prepareData(wanted, folder, builtInBytes, report);
  const { data, validation_data, tokenizer: tokenizerPath } = config;
  using trained = TokenDataset.open(data!, { vocabSize });
  using validation = TokenDataset.open(validation_data!, { vocabSize });
  for (const ids of [trained, validation]) ids.checkSequence(wanted.model.context_length);
  const text: PreparedText = {
    about: source.about,
    tokenizer: tokenizerPath!,
    tokenizer_sha256: await tokenizerHash(tokenizer!),
    data: data!,
    validation_data: validation_data!,
    tokens: trained.length,
    bytes_per_token: bytesPerToken(tokenizer!, validation),
  };
  await atomicWrite(path, JSON.stringify(text, undefined, 2) + "\n");
  return text;
}

async function claimWhenFree(folder: string, signal: AbortSignal): Promise<Disposable> {
  for (;;) {
    signal.throwIfAborted();
    const claim = claimFolder(folder);
    if (claim) return claim;
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
}

async function shortHash(id: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id));
  return new Uint8Array(digest, 0, 5).toHex();
}
