import { assertEquals, assertRejects } from "@std/assert";
import { learnMerges } from "../../lib/tokenizer/learn_merges.ts";
import { PretokenCounter } from "../../lib/tokenizer/pretoken_counter.ts";
import { PretokenCounts } from "../../lib/tokenizer/pretoken_counts.ts";
import { SpecialTokenFinder } from "../../lib/tokenizer/special_tokens.ts";
import { Random } from "../../lib/tensor/random.ts";
import { naiveMerges } from "./naive_trainer.ts";
import { randomText } from "./random_text.ts";

const encoder = new TextEncoder();

async function mergesOf(text: Uint8Array, specialTokens: string[], numMerges: number): Promise<string[]> {
  const counter = new PretokenCounter(new SpecialTokenFinder(specialTokens));
  counter.countText(text);
  const merges = await learnMerges(counter.counts, numMerges);
  return merges.map(([left, right]) => `${left.toHex()} ${right.toHex()}`);
}

/** Counts words that are given with their counts. */
function countsOf(words: Record<string, number>): PretokenCounts {
  const counts = new PretokenCounts();
  for (const [word, count] of Object.entries(words)) {
    const bytes = encoder.encode(word);
    counts.add(new DataView(bytes.buffer, 0, bytes.length), 0, bytes.length, count);
  }
  return counts;
}

async function asText(merges: Promise<[Uint8Array, Uint8Array][]>): Promise<string[]> {
  const decoder = new TextDecoder();
  return (await merges).map(([left, right]) => `${decoder.decode(left)} ${decoder.decode(right)}`);
}

Deno.test("learnMerges() learns the merges of the handout's example", async () => {
  const counts = countsOf({ low: 5, lower: 2, widest: 3, newest: 6 });
  const expected = ["s t", "e st", "o w", "l ow", "w est", "n e"];
  assertEquals(await asText(learnMerges(counts, 6)), expected);
});

Deno.test("learnMerges() breaks ties by the greater pair of byte strings, the left one first", async () => {
  assertEquals(await asText(learnMerges(countsOf({ AB: 1, AC: 1, BZ: 1, BAA: 1 }), 1)), ["B Z"]);
  assertEquals(await asText(learnMerges(countsOf({ abcdefgX: 3, abcdefgY: 3, abcdefgZ: 3 }), 9)), [
    ...["f g", "e fg", "d efg", "c defg", "b cdefg", "a bcdefg", "abcdefg Z", "abcdefg Y", "abcdefg X"],
  ]);
});

Deno.test("learnMerges() merges runs of one symbol from the left", async () => {
  for (const length of [2, 3, 4, 5, 7, 8, 9, 31, 100]) {
    const text = encoder.encode("a".repeat(length));
    assertEquals(await mergesOf(text, [], 50), naiveMerges(text, [], 50), `${length} times a`);
  }
});

Deno.test("learnMerges() learns what the naive trainer learns from words of few letters", async () => {
  const random = new Random(8);
  for (let round = 0; round < 400; round++) {
    const letters = "ab cde".slice(0, 2 + random.below(5));
    const text = Array.from({ length: random.below(120) }, () => letters[random.below(letters.length)]).join("");
    const bytes = encoder.encode(text);
    assertEquals(await mergesOf(bytes, [], 60), naiveMerges(bytes, [], 60), JSON.stringify(text));
  }
});

Deno.test("learnMerges() learns what the naive trainer learns from Unicode text with bad bytes and special tokens", async () => {
  const random = new Random(9);
  for (let round = 0; round < 150; round++) {
    const bytes = randomText(random, 1 + random.below(80));
    const specialTokens = [[], ["the"], ["the", " the", "the the"], ["\n", "é"]][round % 4];
    assertEquals(await mergesOf(bytes, specialTokens, 40), naiveMerges(bytes, specialTokens, 40), bytes.toHex());
  }
});

Deno.test("learnMerges() weighs words with counts past 2^32 exactly", async () => {
  // One apart, and too large for 32 bits; the tie of the last two goes to the greater pair.
  const counts = countsOf({ ab: 2 ** 40, cd: 2 ** 40 + 1, ef: 2 ** 40 - 1, gh: 2 ** 40 - 1 });
  assertEquals(await asText(learnMerges(counts, 10)), ["c d", "a b", "g h", "e f"]);
});

Deno.test("learnMerges() learns from one pre-token of a megabyte", async () => {
  const random = new Random(10);
  const text = Uint8Array.from({ length: 1 << 20 }, () => 0x61 + random.below(4));
  const merges = await mergesOf(text, [], 300);
  assertEquals(merges.length, 300);
  assertEquals(new Set(merges).size, 300);
});

Deno.test("learnMerges() stops when no pair is left and when it is told to", async () => {
  assertEquals(await asText(learnMerges(countsOf({ abc: 1, a: 7 }), 10)), ["b c", "a bc"]);
  assertEquals(await asText(learnMerges(new PretokenCounts(), 10)), []);
  const random = new Random(11);
  const counter = new PretokenCounter(new SpecialTokenFinder([]));
  counter.countText(Uint8Array.from({ length: 1 << 20 }, () => 0x61 + random.below(26)));
  const aborted = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => learnMerges(counter.counts, 1e5, { signal: aborted }), Error, "enough");
});
