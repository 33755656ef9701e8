// GPT-2's tokenizer twice: ours, built from the ranks that js-tiktoken brings along, and js-tiktoken itself as the
// oracle.
import { Tiktoken } from "js-tiktoken/lite";
import ranks from "js-tiktoken/ranks/gpt2";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

/** The content of a `.tiktoken` file with GPT-2's ranks. */
export function gpt2RanksFile(): string {
  const lines: string[] = [];
  for (const line of ranks.bpe_ranks.split("\n").filter((line) => line !== "")) {
    const [, first, ...tokens] = line.split(" ");
    for (const [index, token] of tokens.entries()) lines.push(`${token} ${Number(first) + index}\n`);
  }
  return lines.join("");
}

/** GPT-2's tokenizer, ours. */
export async function loadGpt2(): Promise<Tokenizer> {
  using folder = new TemporaryFolder();
  await Deno.writeTextFile(folder.at("tokenizer.tiktoken"), gpt2RanksFile());
  await Deno.writeTextFile(folder.at("special_tokens.json"), JSON.stringify(ranks.special_tokens));
  return await Tokenizer.load(folder.path);
}

/**
 * GPT-2's tokenizer by js-tiktoken. It hands the published pattern to a JavaScript regular expression, whose `\s` has
 * U+FEFF and lacks U+0085, unlike that of Python's `regex` for which the pattern was written. With `unicodeSpaces`, the
 * pattern says Unicode White_Space instead, and the two agree on every text.
 */
export function gpt2Peer({ unicodeSpaces }: { unicodeSpaces: boolean }): Tiktoken {
  const pattern = unicodeSpaces
    ? ranks.pat_str.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}")
    : ranks.pat_str;
  return new Tiktoken({ ...ranks, pat_str: pattern });
}
