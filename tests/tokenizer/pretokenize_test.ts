import { assertEquals } from "@std/assert";
import { LETTER, NUMBER, OTHER, WHITE_SPACE } from "../../lib/tokenizer/character_classes.ts";
import { characterAt, scanPretokens } from "../../lib/tokenizer/pretokenize.ts";
import { Random } from "../../lib/tensor/random.ts";
import { randomText } from "./random_text.ts";
import { referenceEnds } from "./reference_pretokens.ts";

const encoder = new TextEncoder();

/** All ends in `bytes`, asked for a few at a time. */
function scanWhole(bytes: Uint8Array, capacity = 7): number[] {
  const ends = new Uint32Array(capacity);
  const all: number[] = [];
  for (let position = 0; position < bytes.length; position = all.at(-1)!) {
    all.push(...ends.subarray(0, scanPretokens(bytes, position, bytes.length, true, ends)));
  }
  return all;
}

/** All ends in `bytes` when they become known up to each of `cuts` in turn, the undecided tail being offered again. */
function scanInPieces(bytes: Uint8Array, cuts: readonly number[]): number[] {
  const ends = new Uint32Array(bytes.length + 1);
  const all: number[] = [];
  for (const cut of [...cuts, bytes.length]) {
    // What lies behind the cut is not there yet: the scanner must not look at it.
    const known = new Uint8Array(bytes.length).fill(0x41);
    known.set(bytes.subarray(0, cut));
    const count = scanPretokens(known, all.at(-1) ?? 0, cut, cut === bytes.length, ends);
    all.push(...ends.subarray(0, count));
  }
  return all;
}

function pretokens(text: string): string[] {
  const bytes = encoder.encode(text);
  const ends = scanWhole(bytes);
  return ends.map((end, index) => new TextDecoder().decode(bytes.subarray(index === 0 ? 0 : ends[index - 1], end)));
}

Deno.test("scanPretokens() splits as the GPT-2 pattern does", () => {
  assertEquals(pretokens("some text that i'll pre-tokenize"), [
    ...["some", " text", " that", " i", "'ll", " pre", "-", "tokenize"],
  ]);
  assertEquals(pretokens("we've 'quoted' '12 don''t"), [
    ...["we", "'ve", " '", "quoted", "'", " '", "12", " don", "''", "t"],
  ]);
  assertEquals(pretokens("a  b\n\n c \n"), ["a", " ", " b", "\n\n", " c", " \n"]);
  assertEquals(pretokens("x\r\ny\r\n"), ["x", "\r", "\n", "y", "\r\n"]);
  assertEquals(pretokens(" 你好，世界 ½٣x"), [" 你好", "，", "世界", " ½٣", "x"]);
  assertEquals(pretokens(""), []);
});

Deno.test("scanPretokens() takes White_Space for \\s: U+0085 is in it, U+FEFF and U+200B are not", () => {
  assertEquals(pretokens("a\u{85}\u{85}b"), ["a", "\u{85}", "\u{85}", "b"]);
  assertEquals(pretokens("a \u{200b}."), ["a", " \u{200b}."]);
  assertEquals(scanWhole(encoder.encode("a\u{feff}b")), [1, 4, 5]);
});

Deno.test("scanPretokens() agrees with the regular expression on text of all planes with bad bytes", () => {
  const random = new Random(1);
  for (let round = 0; round < 3000; round++) {
    const bytes = randomText(random, 1 + random.below(40), round % 3 === 0 ? 0 : 0.1);
    assertEquals(scanWhole(bytes), referenceEnds(bytes), bytes.toHex());
  }
});

Deno.test("scanPretokens() agrees with the regular expression on random bytes", () => {
  const random = new Random(2);
  for (let round = 0; round < 1000; round++) {
    const bytes = Uint8Array.from({ length: 1 + random.below(30) }, () => random.below(256));
    assertEquals(scanWhole(bytes), referenceEnds(bytes), bytes.toHex());
  }
});

Deno.test("characterAt() decodes and classifies every code point", () => {
  const classes = new Map([[/\p{White_Space}/gu, WHITE_SPACE], [/\p{L}/gu, LETTER], [/\p{N}/gu, NUMBER]]);
  const bytes = new Uint8Array(4);
  for (let first = 0; first < 0x110000; first += 0x800) if (first !== 0xd800) checkCodePoints(first, first + 0x800);

  function checkCodePoints(first: number, end: number) {
    const text = String.fromCodePoint(...Array.from({ length: end - first }, (_, index) => first + index));
    const expected = new Uint8Array(end - first).fill(OTHER);
    for (const [pattern, kind] of classes) {
      for (const [character] of text.matchAll(pattern)) expected[character.codePointAt(0)! - first] = kind;
    }
    let differences = 0;
    for (let codePoint = first; codePoint < end; codePoint++) {
      const { written } = encoder.encodeInto(String.fromCodePoint(codePoint), bytes);
      const character = characterAt(bytes, 0, written);
      if (character >> 3 !== written || (character & 7) !== expected[codePoint - first]) differences++;
    }
    assertEquals(differences, 0, `code points from ${first.toString(16)}`);
  }
});

Deno.test("scanPretokens() decides the same when the text comes in two pieces, cut anywhere", () => {
  const random = new Random(3);
  for (let round = 0; round < 150; round++) {
    const bytes = randomText(random, 1 + random.below(25));
    const whole = referenceEnds(bytes);
    for (let cut = 0; cut < bytes.length; cut++) assertEquals(scanInPieces(bytes, [cut]), whole, bytes.toHex());
  }
});

Deno.test("scanPretokens() decides the same when the text comes byte by byte", () => {
  const random = new Random(4);
  for (let round = 0; round < 200; round++) {
    const bytes = randomText(random, 1 + random.below(30));
    assertEquals(scanInPieces(bytes, [...bytes.keys()]), referenceEnds(bytes), bytes.toHex());
  }
});
