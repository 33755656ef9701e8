import { assertEquals } from "@std/assert";
import { Random } from "../../lib/tensor/random.ts";
import type { BpeModel } from "../../lib/tokenizer/bpe_model.ts";
import { RangeEncoder } from "../../lib/tokenizer/encode_range.ts";
import { fileRanges } from "../../lib/tokenizer/file_ranges.ts";
import { MergeTable } from "../../lib/tokenizer/merge_table.ts";
import { SpecialTokenFinder } from "../../lib/tokenizer/special_tokens.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { naiveIds } from "./naive_encoder.ts";
import { randomText } from "./random_text.ts";

// Nested, overlapping, with white space, with the signs of regular expressions, of one byte and of several.
const SPECIAL_TOKENS = ["<|x|>", "<|x|><|x|>", "<", "aba", "ab", " ", "\n\n", "'s", "a .*", "é", "你好", "\0"];
const LENGTHS = [1, 3, 4, 7, 8, 12, 13, 15, 16, 17, 63, 64, 65, 255, 256, 257];
const encoder = new TextEncoder();

/** Merges of the bytes that random text is made of, in any order: a token may be asked for before it can be made. */
function randomModel(random: Random): BpeModel {
  const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const known = new Set(vocabulary.map((bytes) => bytes.toHex()));
  const parts = [...encoder.encode("aaabst e'\n\0.é你"), 0xff, 0xff, 0x80].map((byte) => Uint8Array.of(byte));
  const merges: [Uint8Array, Uint8Array][] = [];
  for (let tries = random.below(120); tries > 0; tries--) {
    const [left, right] = [parts[random.below(parts.length)], parts[random.below(parts.length)]];
    const joined = Uint8Array.of(...left, ...right);
    if (known.has(joined.toHex()) || joined.length > 20) continue;
    known.add(joined.toHex());
    parts.push(joined);
    vocabulary.push(joined);
    merges.splice(random.below(merges.length + 1), 0, [left, right]);
  }
  const chosen = SPECIAL_TOKENS.filter(() => random.below(3) === 0);
  const specialTokens = new Map(chosen.map((token, index) => [token, vocabulary.length + index]));
  return { merges, specialTokens, vocabulary: [...vocabulary, ...chosen.map((token) => encoder.encode(token))] };
}

/** Random text, special tokens whole and cut short, and runs of a byte or of three letters of every kind of length. */
function randomBytes(random: Random): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let piece = random.below(16); piece > 0; piece--) {
    const special = encoder.encode(SPECIAL_TOKENS[random.below(SPECIAL_TOKENS.length)]);
    const run = new Uint8Array(LENGTHS[random.below(LENGTHS.length)]);
    const choice = random.below(5);
    if (choice === 0) bytes.push(...special.subarray(0, 1 + random.below(special.length)));
    else if (choice === 1) bytes.push(...run.fill([0xff, 0, 0x27, 0x20, 0x61, 0x80][random.below(6)]));
    else if (choice === 2) bytes.push(...run.map(() => 0x61 + random.below(3)));
    else bytes.push(...randomText(random, random.below(20)));
  }
  return Uint8Array.from(bytes);
}

Deno.test("encodeBytes() and encodeIterable() give the naive encoder's ids for any merges, special tokens and bytes", () => {
  const random = new Random(31);
  for (let run = 0; run < 40; run++) {
    const model = randomModel(random);
    const tokenizer = Tokenizer.fromModel(model);
    for (let text = 0; text < 5; text++) {
      const bytes = randomBytes(random);
      const expected = naiveIds(model, bytes);
      assertEquals([...tokenizer.encodeBytes(bytes)], expected, bytes.toHex());
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += pieces.at(-1)!.length) {
        pieces.push(bytes.subarray(at, at + 1 + random.below(6)));
      }
      assertEquals([...tokenizer.encodeIterable(pieces)].flatMap((ids) => [...ids]), expected, bytes.toHex());
    }
  }
});

Deno.test("the ranges of a file, however short, have together the naive encoder's ids", () => {
  using folder = new TemporaryFolder();
  const random = new Random(32);
  for (let run = 0; run < 40; run++) {
    const model = randomModel(random);
    const { specialTokens } = model;
    const encoder = new RangeEncoder({ merges: MergeTable.fromModel(model).parts, specialTokens }, "uint16");
    const special = new SpecialTokenFinder([...specialTokens.keys()]);
    const bytes = randomBytes(random);
    Deno.writeFileSync(folder.at("text"), bytes);
    using file = Deno.openSync(folder.at("text"));
    const expected = naiveIds(model, bytes);
    for (const size of [1, 7, 64]) {
      const ids: number[] = [];
      for (const { start, end } of fileRanges(file, "text", size, special)) {
        ids.push(...encoder.encode(file, start, end));
      }
      assertEquals(ids, expected, bytes.toHex());
    }
  }
});
