import { z } from "zod";
import { atomicWrite } from "../data/atomic_write.ts";
import { Tokenizer } from "../tokenizer/tokenizer.ts";
import { isFile } from "../data/is_file.ts";
import { readJson } from "../data/read_json.ts";
import { checkTokenizerSettings } from "./tokenizer_settings.ts";

const AddedTokens = z.record(z.string(), z.int().min(0));

/**
 * Reads the tokenizer of a folder that transformers saved: tokenizer.json, or GPT-2's vocab.json and merges.txt with
 * what added_tokens.json adds to them. It gives the ids that transformers gives.
 *
 * @returns Nothing if the folder holds neither.
 * @throws {Error} If these files, or tokenizer_config.json and special_tokens_map.json beside them, ask for what is not
 * supported; the message says which.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = decodeURIComponent(new URL("../../tests/fixtures/llama/tokenizer", import.meta.url).pathname);
 * const tokenizer = await readTransformersTokenizer(folder);
 * assertEquals(tokenizer?.specialTokenToId("<|endoftext|>"), 0);
 * ```
 */
export async function readTransformersTokenizer(folder: string): Promise<Tokenizer | undefined> {
  const tokenizer = isFile(`${folder}/tokenizer.json`) ? await Tokenizer.load(folder) : await readPair(folder);
  if (tokenizer) checkTokenizerSettings(folder, tokenizer);
  return tokenizer;
}

async function readPair(folder: string): Promise<Tokenizer | undefined> {
  if (!isFile(`${folder}/vocab.json`) || !isFile(`${folder}/merges.txt`)) return undefined;
  const addedPath = `${folder}/added_tokens.json`;
  const added = Object.entries(isFile(addedPath) ? readJson(addedPath, AddedTokens) : {}).sort(([, a], [, b]) => a - b);
  const tokenizer = await Tokenizer.load(folder, { specialTokens: added.map(([token]) => token) });
  for (const [token, id] of added) {
    const given = tokenizer.specialTokenToId(token);
    if (given === id) continue;
    throw new Error(
      `Cannot use ${addedPath}: ${JSON.stringify(token)} has the id ${id} there, and ${given} is the next that is ` +
        `free; ids must follow those of vocab.json without gaps`,
    );
  }
  return tokenizer;
}

/**
 * Writes a tokenizer for transformers' AutoTokenizer: tokenizer.json and tokenizer_config.json.
 *
 * @param endOfText Special token between texts: it ends one and begins the next, as in training.
 * @param contextLength Longest sequence that the model takes, in tokens.
 */
export async function writeTransformersTokenizer(
  folder: string,
  tokenizer: Tokenizer,
  { endOfText, contextLength }: { endOfText?: string; contextLength: number },
): Promise<void> {
  await tokenizer.save(folder, "huggingface");
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    model_max_length: contextLength,
    clean_up_tokenization_spaces: false,
    ...(endOfText !== undefined && { bos_token: endOfText, eos_token: endOfText }),
  };
  await atomicWrite(`${folder}/tokenizer_config.json`, `${JSON.stringify(config, undefined, 2)}\n`);
}
