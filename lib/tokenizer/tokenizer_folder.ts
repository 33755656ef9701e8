import { isFile } from "../data/is_file.ts";
import type { BpeModel } from "./bpe_model.ts";
import { readGpt2Files, writeGpt2Files } from "./gpt2_format.ts";
import { readHuggingFaceFile, writeHuggingFaceFile } from "./huggingface_format.ts";
import { parseJson, parseVocab } from "./parse_vocab.ts";
import { readTiktokenFile, writeTiktokenFiles } from "./tiktoken_format.ts";

/**
 * How a tokenizer lies on disk. gpt2: vocab.json and merges.txt; huggingface: tokenizer.json; tiktoken:
 * tokenizer.tiktoken and special_tokens.json.
 */
export type TokenizerFormat = "gpt2" | "huggingface" | "tiktoken";

/** The files of each format, in the order in which {@linkcode readTokenizerFolder} looks for them. */
export const TOKENIZER_FILES: Readonly<Record<TokenizerFormat, readonly string[]>> = {
  huggingface: ["tokenizer.json"],
  gpt2: ["vocab.json", "merges.txt"],
  tiktoken: ["tokenizer.tiktoken", "special_tokens.json"],
};

const FORMATS = Object.keys(TOKENIZER_FILES) as TokenizerFormat[];

/**
 * Reads the tokenizer in a folder, in whatever format it is: `tokenizer.json` (Hugging Face) or else `vocab.json` with
 * `merges.txt` (GPT-2) or else `tokenizer.tiktoken` with `special_tokens.json` (an object of special token to id; may
 * be missing).
 *
 * @throws {Deno.errors.NotFound} If no file of any format is there.
 * @throws {Deno.errors.NotADirectory} If it is a file itself.
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * await assertRejects(() => readTokenizerFolder(folder), Deno.errors.NotFound, "it holds none of tokenizer.json");
 * Deno.removeSync(folder);
 * ```
 */
export async function readTokenizerFolder(folder: string): Promise<BpeModel> {
  const present = formatsIn(folder);
  const [first, second] = present.length === 0 ? [] : TOKENIZER_FILES[present[0]].map((name) => `${folder}/${name}`);
  switch (present[0]) {
    case "huggingface":
      return await readHuggingFaceFile(first);
    case "gpt2":
      return await readGpt2Files(first, second);
    case "tiktoken":
      return await readTiktokenFile(first, await readSpecialTokens(second));
    default:
      if (isFile(folder)) {
        throw new Deno.errors.NotADirectory(
          `Cannot load a tokenizer from ${folder}: it is a file; give the folder that it lies in`,
        );
      }
      throw new Deno.errors.NotFound(
        `Cannot load a tokenizer from ${folder}: it holds none of ` +
          `${FORMATS.map((format) => TOKENIZER_FILES[format][0]).join(", ")}; try the folder that train_bpe wrote`,
      );
  }
}

/**
 * Writes a tokenizer into a folder, which is made if need be, in place of one in the same format.
 *
 * @throws {Error} If the folder holds a tokenizer in another format: which of the two is meant would be a guess.
 * @throws {RangeError} If the format cannot hold the tokenizer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const vocabulary = Array.from({ length: 256 }, (_, byte) => new Uint8Array([byte]));
 * const folder = Deno.makeTempDirSync();
 * await writeTokenizerFolder(folder, { specialTokens: new Map(), merges: [], vocabulary }, "gpt2");
 * assertEquals((await readTokenizerFolder(folder)).vocabulary, vocabulary);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export async function writeTokenizerFolder(folder: string, model: BpeModel, format: TokenizerFormat): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  checkTokenizerFolder(folder, format);
  const [first, second] = TOKENIZER_FILES[format].map((name) => `${folder}/${name}`);
  if (format === "gpt2") writeGpt2Files(model, first, second);
  else if (format === "huggingface") await writeHuggingFaceFile(model, first);
  else writeTiktokenFiles(model, first, second);
}

/**
 * Checks before long work that a tokenizer can be saved in a folder; the folder need not exist.
 *
 * @throws {Error} If it holds a tokenizer in another format.
 */
export function checkTokenizerFolder(folder: string, format: TokenizerFormat): void {
  const other = formatsIn(folder).find((present) => present !== format);
  if (other === undefined) return;
  throw new Error(
    `Cannot save the tokenizer in ${folder}: it holds one in the ${other} format (${TOKENIZER_FILES[other][0]}); ` +
      `try another folder, or remove that one`,
  );
}

/** Whether a folder holds a tokenizer in any format, whole or not. */
export function holdsTokenizer(folder: string): boolean {
  return formatsIn(folder).length > 0;
}

function formatsIn(folder: string): TokenizerFormat[] {
  return FORMATS.filter((format) => isFile(`${folder}/${TOKENIZER_FILES[format][0]}`));
}

async function readSpecialTokens(path: string): Promise<Map<string, number>> {
  if (!isFile(path)) return new Map();
  return parseVocab(parseJson(await Deno.readTextFile(path), path), path);
}
