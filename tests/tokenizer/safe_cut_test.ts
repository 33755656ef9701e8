import { assert, assertEquals } from "@std/assert";
import { cutContext, firstSafeCut, lastSafeCut } from "../../lib/tokenizer/safe_cut.ts";
import { SpecialTokenFinder } from "../../lib/tokenizer/special_tokens.ts";
import { Random } from "../../lib/tensor/random.ts";
import { naivePieces } from "./naive_trainer.ts";
import { randomText } from "./random_text.ts";
import { referencePretokens } from "./reference_pretokens.ts";

const SPECIAL_TOKENS = [[], ["the"], ["s the", "a", " "], ["\n\n", "é"]];

function pretokens(bytes: Uint8Array, specialTokens: readonly string[]): string[] {
  return naivePieces(bytes, specialTokens).flatMap(referencePretokens).map((pretoken) => pretoken.toHex());
}

Deno.test("firstSafeCut() and lastSafeCut() find only cuts that leave the pre-tokens of both sides as they are", () => {
  const random = new Random(17);
  let found = 0;
  for (let round = 0; round < 120; round++) {
    const bytes = randomText(random, 1 + random.below(40));
    const specialTokens = SPECIAL_TOKENS[round % 4];
    const special = new SpecialTokenFinder(specialTokens);
    const whole = pretokens(bytes, specialTokens);
    const cuts = new Set<number>();
    for (let from = 0; from < bytes.length; from++) {
      cuts.add(firstSafeCut(bytes, from, 0, bytes.length, special));
      cuts.add(lastSafeCut(bytes, 1, 0, from, special));
    }
    cuts.delete(-1);
    for (const cut of cuts) {
      const sides = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((side) => pretokens(side, specialTokens));
      assertEquals(sides, whole, `${bytes.toHex()} cut at ${cut}`);
    }
    found += cuts.size;
  }
  assert(found > 500);
});

Deno.test("firstSafeCut() and lastSafeCut() judge a position by its context alone", () => {
  const random = new Random(18);
  for (let round = 0; round < 200; round++) {
    const bytes = randomText(random, 40);
    const special = new SpecialTokenFinder(SPECIAL_TOKENS[round % 4]);
    const context = cutContext(special);
    for (let position = context; position + context <= bytes.length; position++) {
      const isCut = firstSafeCut(bytes, position, 0, bytes.length, special) === position;
      const around = bytes.slice(position - context, position + context);
      assertEquals(firstSafeCut(around, context, 0, around.length, special) === context, isCut);
      assertEquals(lastSafeCut(around, context, 0, around.length, special) === context, isCut);
    }
  }
});

Deno.test("firstSafeCut() finds a cut soon in ordinary text of any script, on one line too", () => {
  const special = new SpecialTokenFinder([]);
  for (
    const text of ["it's a word and another one", "你好，世界。今天天气很好，我们去公园。", "x=1;y=22;z=333;w=4444"]
  ) {
    const bytes = new TextEncoder().encode(text.repeat(9));
    for (let from = 1; from < bytes.length / 2; from++) {
      const cut = firstSafeCut(bytes, from, 0, bytes.length, special);
      assert(cut >= from && cut < from + 30, `${text} from ${from}: ${cut}`);
    }
  }
});
