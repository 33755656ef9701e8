import { assertEquals } from "@std/assert";
import { PretokenCounter } from "../../lib/tokenizer/pretoken_counter.ts";
import { PretokenCounts } from "../../lib/tokenizer/pretoken_counts.ts";
import { SpecialTokenFinder } from "../../lib/tokenizer/special_tokens.ts";
import { Random } from "../../lib/tensor/random.ts";
import { naivePieces } from "./naive_trainer.ts";
import { randomAscii, randomText } from "./random_text.ts";
import { referencePretokens } from "./reference_pretokens.ts";

/** The counts of pre-tokens of two bytes or more, by their bytes in hexadecimal. */
function countsByHex(counts: PretokenCounts): Map<string, number> {
  const found = new Map<string, number>();
  for (const place of counts.mergeablePlaces()) {
    const bytes = new Int32Array(counts.lengthAt(place));
    counts.copyTo(place, bytes, 0);
    found.set(Uint8Array.from(bytes).toHex(), counts.countAt(place));
  }
  return found;
}

/** Adds words one by one. */
function addWords(counts: PretokenCounts, words: readonly Uint8Array[], count = 1): void {
  for (const word of words) counts.add(new DataView(word.buffer, word.byteOffset, word.length), 0, word.length, count);
}

/** Words of every length from 2 to 20 bytes that often share all but one byte, zero bytes among them. */
function similarWords(random: Random, words: number): Uint8Array[] {
  return Array.from({ length: words }, () => {
    const word = new Uint8Array(2 + random.below(19));
    word[random.below(word.length)] = random.below(256);
    word[random.below(word.length)] ^= random.below(4);
    return word;
  });
}

function expectedCounts(words: readonly Uint8Array[]): Map<string, number> {
  const expected = new Map<string, number>();
  for (const word of words) if (word.length > 1) expected.set(word.toHex(), (expected.get(word.toHex()) ?? 0) + 1);
  return expected;
}

const inOrder = (counts: Map<string, number>) => [...counts].sort(([a], [b]) => a < b ? -1 : 1);

Deno.test("PretokenCounts tells words of all lengths apart while it grows", () => {
  const random = new Random(19);
  const words = similarWords(random, 50_000);
  const counts = new PretokenCounts();
  addWords(counts, words);
  assertEquals(inOrder(countsByHex(counts)), inOrder(expectedCounts(words)));
  assertEquals(counts.total(), words.length);
});

Deno.test("PretokenCounts.addAll() adds the counts of tables that were handed over, past 2^32 exactly", () => {
  const random = new Random(20);
  const words = similarWords(random, 20_000);
  const all = new PretokenCounts();
  for (let part = 0; part < 4; part++) {
    const counts = new PretokenCounts();
    addWords(counts, words.slice(part * 5000, part * 5000 + 5000), 2 ** 33 + 1);
    all.addAll(new PretokenCounts(structuredClone(counts.parts())));
  }
  const expected = [...expectedCounts(words)].map(([word, count]): [string, number] => [word, count * (2 ** 33 + 1)]);
  assertEquals(inOrder(countsByHex(all)), inOrder(new Map(expected)));
});

Deno.test("PretokenCounts.addAll() puts together large tables that share no word", () => {
  const random = new Random(21);
  const tableOf = (words: number) => {
    const counts = new PretokenCounts();
    const word = new DataView(new ArrayBuffer(16));
    for (let index = 0; index < words; index++) {
      word.setInt32(0, random.uint32() | 0x01010101);
      word.setInt32(4, random.uint32() | 0x01010101);
      counts.add(word, 0, 8, 1);
    }
    return counts;
  };
  const [all, others] = [tableOf(300_000), tableOf(300_000)];
  const distinct = all.size + others.size;
  all.addAll(others);
  assertEquals([all.size, all.total()], [distinct, 600_000]);
});

Deno.test("PretokenCounter counts what lies between special tokens, read in pieces of any size", () => {
  const random = new Random(21);
  for (let round = 0; round < 300; round++) {
    const bytes = randomText(random, 1 + random.below(60));
    const specialTokens = [[], ["the"], ["the", " the", "the the", "e\n"], ["\n", "é"]][round % 4];
    const counter = new PretokenCounter(new SpecialTokenFinder(specialTokens));
    let position = 0;
    counter.countReading((buffer) => {
      if (position === bytes.length) return null;
      const piece = bytes.subarray(position, position + 1 + random.below(9));
      buffer.set(piece);
      position += piece.length;
      return piece.length;
    });
    const words = naivePieces(bytes, specialTokens).flatMap(referencePretokens);
    assertEquals(inOrder(countsByHex(counter.counts)), inOrder(expectedCounts(words)), bytes.toHex());
    assertEquals(counter.counts.total(), words.length);
  }
});

Deno.test("PretokenCounter counts long texts, nearly all ASCII, as the regular expression splits them", () => {
  const random = new Random(22);
  for (let round = 0; round < 100; round++) {
    const parts = Array.from({ length: 1 + random.below(20) }, () => [
      ...new TextEncoder().encode(randomAscii(random, random.below(200))),
      ...new TextEncoder().encode(
        ["it's we'll 'tis don't", "'", "x".repeat(random.below(40)), "\0", ""][random.below(5)],
      ),
      ...randomText(random, random.below(3)),
    ]);
    const bytes = Uint8Array.from(parts.flat());
    const counter = new PretokenCounter(new SpecialTokenFinder([]));
    for (let time = 0; time < 2; time++) counter.countText(bytes);
    const words = referencePretokens(bytes);
    assertEquals(inOrder(countsByHex(counter.counts)), inOrder(expectedCounts([...words, ...words])));
    assertEquals(counter.counts.total(), 2 * words.length);
    assertEquals(counter.counts.size, new Set(words.map((word) => word.toHex())).size);
  }
});

Deno.test("PretokenCounter reads a pre-token that is longer than its buffer, and texts after it", () => {
  const counter = new PretokenCounter(new SpecialTokenFinder([]));
  for (const length of [5 << 20, 3, 5 << 20]) {
    let left = length;
    counter.countReading((buffer) => {
      if (left === 0) return null;
      const piece = Math.min(left, buffer.length, 70_000);
      buffer.fill(0x61, 0, piece);
      left -= piece;
      return piece;
    });
  }
  const counts = counter.counts;
  const seen = [...counts.mergeablePlaces()].map((place) => [counts.lengthAt(place), counts.countAt(place)]);
  assertEquals(seen.sort(([a], [b]) => a - b), [[3, 1], [5 << 20, 2]]);
});
