import { z } from "zod";
import { isFile } from "../data/is_file.ts";
import { readJson } from "../data/read_json.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

const off = (what: string) => z.literal(false, `${what} is not supported; expected false`).nullish();

// Other classes have a pattern of their own or put tokens around the text, whatever tokenizer.json says.
const classes = ["GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"] as const;

const Settings = z.looseObject({
  tokenizer_class: z.enum(classes, "only that of GPT-2 and those that take tokenizer.json as it is are supported")
    .nullish(),
  add_prefix_space: off("adding a space before the text"),
  add_bos_token: off("adding a token before the text"),
  add_eos_token: off("adding a token after the text"),
});

const AnyObject = z.looseObject({});

/**
 * Checks what the files beside tokenizer.json or vocab.json (tokenizer_config.json, special_tokens_map.json,
 * added_tokens.json) say of a tokenizer: that transformers encodes with it as we do.
 *
 * @param folder Where transformers saved it; each of the three may be missing.
 * @param tokenizer What was loaded from there.
 * @throws {Error} If it encodes in a way that is not supported, or a special token is named that the tokenizer does not
 * have, which transformers would add.
 */
export function checkTokenizerSettings(folder: string, tokenizer: Tokenizer): void {
  const check = (name: string, tokensOf: (path: string) => string[]) => {
    const path = `${folder}/${name}`;
    if (!isFile(path)) return;
    const unknown = tokensOf(path).find((token) => tokenizer.specialTokenToId(token) === undefined);
    if (unknown === undefined) return;
    throw new Error(
      `Cannot use ${path}: it names ${
        JSON.stringify(unknown)
      }, which is no special token of the tokenizer beside it; ` +
        `transformers would make it one, and writes it there with save_pretrained()`,
    );
  };
  check("tokenizer_config.json", (path) => {
    const settings = readJson(path, Settings);
    const named = Object.entries(settings).filter(([field]) => /_tokens?(_decoder)?$/.test(field));
    // What this class names unless the file does.
    const byDefault = settings.tokenizer_class?.startsWith("GPT2") && !("unk_token" in settings)
      ? ["<|endoftext|>"]
      : [];
    return [...byDefault, ...tokensIn(Object.fromEntries(named), path)];
  });
  check("special_tokens_map.json", (path) => tokensIn(readJson(path, AnyObject), path));
  check("added_tokens.json", (path) => Object.keys(readJson(path, AnyObject)));
}

/** All tokens in a value: a text, an object with the text as its content, or any list or object of these. */
function tokensIn(value: unknown, path: string): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  if (!("content" in value)) return Object.values(value).flatMap((part) => tokensIn(part, path));
  for (const flag of ["lstrip", "rstrip", "single_word"]) {
    if ((value as Record<string, unknown>)[flag] !== true) continue;
    throw new Error(
      `Cannot use ${path}: ${flag} of the token ${JSON.stringify(value.content)} is true; ` +
        `only plain matching is supported`,
    );
  }
  return tokensIn(value.content, path);
}
