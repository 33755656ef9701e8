import { atomicWriteAll } from "../data/atomic_write.ts";
import type { BpeModel } from "./bpe_model.ts";
import { bytesToUnicode } from "./byte_to_unicode.ts";
import { PretokenMerger } from "./merge_pretoken.ts";
import { MergeTable } from "./merge_table.ts";
import { checkTrainedByPattern } from "./trained_by_pattern.ts";
import { vocabularyById } from "./vocabulary_text.ts";

const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d+)$/;

/**
 * Reads a `.tiktoken` file: one token a line, its bytes in base64, a space, and its rank, which is its id and its place
 * in the order of merges. The format knows no special tokens and no merges: special tokens are given, and the merge
 * that makes a token is the one that is left when its bytes are encoded with the tokens of lower rank.
 *
 * @param specialTokens Ids of the special tokens.
 * @throws {RangeError} If ids repeat or leave gaps, a token is made by no merge of two tokens of lower rank, or the
 * vocabulary was trained with another pattern than GPT-2's, as those of OpenAI's later models.
 * @throws {SyntaxError} If a line is no token and rank.
 */
export async function readTiktokenFile(path: string, specialTokens: ReadonlyMap<string, number>): Promise<BpeModel> {
  const entries: [number, string, Uint8Array][] = [];
  for (const [index, line] of (await Deno.readTextFile(path)).split(/\r?\n/).entries()) {
    if (line === "") continue;
    const match = LINE.exec(line);
    if (match === null) {
      throw new SyntaxError(
        `Cannot read ${path}, line ${index + 1}: ${JSON.stringify(line.slice(0, 60))} is no token; ` +
          `expected its bytes in base64, a space, and its rank`,
      );
    }
    const bytes = decodeBase64(match[1], `${path}, line ${index + 1}`);
    entries.push([Number(match[2]), bytesToUnicode(bytes), bytes]);
  }
  const ranked = entries.map(([id]) => id).sort((a, b) => a - b);
  const encoder = new TextEncoder();
  for (const [text, id] of specialTokens) entries.push([id, text, encoder.encode(text)]);
  const vocabulary = vocabularyById(entries, path);
  const model = { specialTokens: new Map(specialTokens), vocabulary, merges: mergesOfRanks(vocabulary, ranked, path) };
  checkTrainedByPattern(model, `read ${path}`);
  return model;
}

/**
 * Writes a `.tiktoken` file and, since the format has no place for them, the special tokens as an object of token to
 * id, atomically; on a full disk none is changed.
 *
 * @throws {RangeError} If ranks cannot say what the merges do: the ids are not in the order of the merges. Or if a
 * token is part of no pre-token, so that the file could not be read back.
 */
export function writeTiktokenFiles(model: BpeModel, path: string, specialTokensPath: string): void {
  checkTrainedByPattern(model, "write a .tiktoken file");
  const special = new Set(model.specialTokens.values());
  const ranked = [...model.vocabulary.keys()].filter((id) => !special.has(id));
  const merges = mergesOfRanks(model.vocabulary, ranked, "this vocabulary in order of ids");
  const differs = model.merges.length !== merges.length ? merges.length : merges.findIndex(([left, right], index) => {
    return !equal(left, model.merges[index][0]) || !equal(right, model.merges[index][1]);
  });
  if (differs >= 0) {
    throw new RangeError(
      `Cannot write a .tiktoken file: the ids are not in the order of the merges (from merge ${
        differs + 1
      } on), and the ` +
        `format has nothing else to tell it; try the gpt2 or the huggingface format`,
    );
  }
  const lines = ranked.map((id) => `${encodeBase64(model.vocabulary[id])} ${id}\n`);
  atomicWriteAll([
    [path, lines.join("")],
    [specialTokensPath, `${JSON.stringify(Object.fromEntries(model.specialTokens))}\n`],
  ]);
}

// Encoding with merges is encoding with ranks if every token, its bytes encoded with the tokens of lower rank only,
// gives two: wherever a token's bytes stand and no merge crosses their borders, the merges within are those of the
// token alone, so no other pair that spells it ever comes to stand there.
function mergesOfRanks(
  vocabulary: Uint8Array[] | BpeModel["vocabulary"],
  ranked: number[],
  source: string,
): [Uint8Array, Uint8Array][] {
  const byteIds = new Int32Array(256).fill(-1);
  for (const id of ranked.toReversed()) if (vocabulary[id].length === 1) byteIds[vocabulary[id][0]] = id;
  if (byteIds.includes(-1)) {
    throw new RangeError(
      `Cannot read ${source}: it has no token for byte ${byteIds.indexOf(-1)}; a byte-level tokenizer needs all 256`,
    );
  }
  const table = MergeTable.withRoomFor(ranked.length, byteIds);
  const merger = new PretokenMerger(table);
  const merges: [Uint8Array, Uint8Array][] = [];
  let parts = new Uint32Array(256);
  for (const id of ranked) {
    const token = vocabulary[id];
    if (token.length === 1 && byteIds[token[0]] === id) continue;
    if (token.length > parts.length) parts = new Uint32Array(token.length);
    const count = merger.merge(token, 0, token.length, parts, 0);
    if (count !== 2) {
      throw new RangeError(
        `Cannot read ${source}: token ${id}, ${JSON.stringify(bytesToUnicode(token))}, ` +
          (count === 1 ? `repeats token ${parts[0]}` : `is no merge of two tokens of lower rank (but of ${count})`),
      );
    }
    table.add(parts[0], parts[1], merges.length, id);
    merges.push([vocabulary[parts[0]], vocabulary[parts[1]]]);
  }
  return merges;
}

function decodeBase64(text: string, source: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw new SyntaxError(`Cannot read ${source}: ${JSON.stringify(text.slice(0, 60))} is not base64`);
  }
}

function encodeBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
