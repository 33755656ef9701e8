import { atomicWriteAll } from "../data/atomic_write.ts";
import type { BpeModel } from "./bpe_model.ts";
import { bytesToUnicode } from "./byte_to_unicode.ts";
import { parseJson, parseVocab } from "./parse_vocab.ts";
import { checkTrainedByPattern } from "./trained_by_pattern.ts";
import { modelOfText, textOfModel } from "./vocabulary_text.ts";

/**
 * Reads GPT-2's pair of files: `vocab.json`, an object of token to id, and `merges.txt`, one merge a line, its two
 * parts separated by a space. Entries of the vocabulary that are neither a byte nor made by a merge are the special
 * tokens.
 *
 * @throws {RangeError} If ids repeat or leave gaps, a merge's tokens are not in the vocabulary, or the vocabulary was
 * trained with another pattern than GPT-2's.
 * @throws {SyntaxError} If the vocabulary is not JSON or a line holds no merge.
 */
export async function readGpt2Files(vocabPath: string, mergesPath: string): Promise<BpeModel> {
  const [vocabText, mergesText] = await Promise.all([Deno.readTextFile(vocabPath), Deno.readTextFile(mergesPath)]);
  const vocab = parseVocab(parseJson(vocabText, vocabPath), vocabPath);
  const source = `${vocabPath} and ${mergesPath}`;
  const model = modelOfText({ vocab, merges: parseMerges(mergesText, mergesPath) }, source);
  checkTrainedByPattern(model, `read ${source}`);
  return model;
}

/**
 * Writes GPT-2's pair of files, atomically; on a full disk none is changed.
 *
 * @throws {RangeError} If the files could not be read back: a special token is written like an ordinary one, an
 * ordinary one is made by no merge, or is part of no pre-token.
 */
export function writeGpt2Files(model: BpeModel, vocabPath: string, mergesPath: string): void {
  const { vocab, merges } = textOfModel(model);
  checkMade(model, merges);
  checkTrainedByPattern(model, "write this vocabulary in the gpt2 format");
  const lines = merges.map(([left, right]) => `${left} ${right}\n`);
  atomicWriteAll([
    [vocabPath, `${JSON.stringify(Object.fromEntries(vocab))}\n`],
    [mergesPath, `#version: 0.2\n${lines.join("")}`],
  ]);
}

/** What neither is a byte nor is made by a merge is read back as a special token, so it has to be one. */
function checkMade({ vocabulary, specialTokens }: BpeModel, merges: readonly [string, string][]): void {
  const special = new Set(specialTokens.values());
  const made = new Set(merges.map(([left, right]) => left + right));
  for (const [id, bytes] of vocabulary.entries()) {
    if (special.has(id) || bytes.length === 1 || made.has(bytesToUnicode(bytes))) continue;
    throw new RangeError(
      `Cannot write this vocabulary in the gpt2 format: token ${id}, ${
        JSON.stringify(bytesToUnicode(bytes))
      }, is made ` +
        `by no merge and would be read back as a special token; try the huggingface format`,
    );
  }
}

function parseMerges(text: string, source: string): [string, string][] {
  const merges: [string, string][] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "" || (index === 0 && line.startsWith("#version"))) continue;
    merges.push(parseMerge(line, `${source}, line ${index + 1}`));
  }
  return merges;
}

/**
 * The two parts of a merge written with a space between them.
 *
 * @throws {SyntaxError} If there are not two.
 */
export function parseMerge(line: string, source: string): [string, string] {
  const parts = line.split(" ");
  if (parts.length === 2 && parts[0] !== "" && parts[1] !== "") return [parts[0], parts[1]];
  throw new SyntaxError(
    `Cannot read ${source}: ${
      JSON.stringify(line.slice(0, 60))
    } is no merge; expected two tokens with one space between`,
  );
}
