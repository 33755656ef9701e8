import { assertEquals, assertThrows } from "@std/assert";
import { SpecialTokenFinder } from "../../lib/tokenizer/special_tokens.ts";
import { Random } from "../../lib/tensor/random.ts";

const encoder = new TextEncoder();

/** Positions and token indices of all matches, from left to right. */
function matches(special: SpecialTokenFinder, bytes: Uint8Array, end = bytes.length): [number, number][] {
  const found: [number, number][] = [];
  for (let from = 0;;) {
    const position = special.find(bytes, from, end);
    if (position < 0) return found;
    found.push([position, special.matchIndex]);
    from = position + special.matchLength;
  }
}

/** The same by trying every token at every position, the longest first. */
function matchesByTrying(tokens: readonly string[], text: string): [number, number][] {
  const longestFirst = [...tokens.keys()].sort((a, b) => tokens[b].length - tokens[a].length);
  const found: [number, number][] = [];
  for (let position = 0; position < text.length;) {
    const index = longestFirst.find((token) => text.startsWith(tokens[token], position));
    if (index !== undefined) found.push([position, index]);
    position += index === undefined ? 1 : tokens[index].length;
  }
  return found;
}

function randomCase(random: Random): { tokens: string[]; text: string } {
  const letters = (length: number) => Array.from({ length }, () => "abc"[random.below(3)]).join("");
  const tokens = [...new Set(Array.from({ length: 1 + random.below(4) }, () => letters(1 + random.below(5))))];
  return { tokens, text: letters(random.below(20)) };
}

Deno.test("SpecialTokenFinder finds the leftmost special token, and the longest that begins there", () => {
  const special = new SpecialTokenFinder(["<|end|>", "<|end|><|end|>", "end"]);
  assertEquals(matches(special, encoder.encode("end <|end|><|end|><|end|>.")), [[0, 2], [4, 1], [18, 0]]);
  assertEquals(matches(new SpecialTokenFinder([]), encoder.encode("<|end|>")), []);
});

Deno.test("SpecialTokenFinder finds what trying every token at every position finds", () => {
  const random = new Random(5);
  for (let round = 0; round < 3000; round++) {
    const { tokens, text } = randomCase(random);
    assertEquals(matches(new SpecialTokenFinder(tokens), encoder.encode(text)), matchesByTrying(tokens, text));
  }
});

Deno.test("SpecialTokenFinder.undecidedFrom() leaves nothing before it that later text could change", () => {
  const random = new Random(6);
  for (let round = 0; round < 1000; round++) {
    const { tokens, text } = randomCase(random);
    const bytes = encoder.encode(text);
    const special = new SpecialTokenFinder(tokens);
    for (let end = 0; end <= bytes.length; end++) {
      const undecided = special.undecidedFrom(bytes, 0, end);
      const isDecided = ([position]: [number, number]) => position < undecided;
      assertEquals(
        matches(special, bytes, end).filter(isDecided),
        matches(special, bytes).filter(isDecided),
        `${tokens} in ${text}, known up to ${end}`,
      );
    }
  }
});

Deno.test("SpecialTokenFinder.covers() holds wherever cutting the text would change its special tokens", () => {
  const random = new Random(7);
  for (let round = 0; round < 1000; round++) {
    const { tokens, text } = randomCase(random);
    const bytes = encoder.encode(text);
    const special = new SpecialTokenFinder(tokens);
    for (let cut = 1; cut < bytes.length; cut++) {
      if (special.covers(bytes, cut, 0, bytes.length)) continue;
      const left = matches(special, bytes.subarray(0, cut));
      const right = matches(special, bytes.subarray(cut)).map(([position, index]) => [position + cut, index]);
      assertEquals([...left, ...right], matches(special, bytes), `${tokens} in ${text}, cut at ${cut}`);
    }
  }
});

Deno.test("SpecialTokenFinder refuses special tokens that are empty, repeated or not well-formed", () => {
  assertThrows(() => new SpecialTokenFinder([""]), RangeError, 'Cannot use special token "": it is empty');
  assertThrows(() => new SpecialTokenFinder(["a", "b", "a"]), RangeError, 'special token "a": it is given twice');
  assertThrows(() => new SpecialTokenFinder(["\ud800"]), RangeError, "has a lone surrogate");
});

Deno.test("SpecialTokenFinder takes a hundred thousand special tokens", () => {
  // Comparing each with all before it would take 5 * 10^9 comparisons.
  const tokens = Array.from({ length: 100_000 }, (_, index) => `<|${index}|>`);
  const special = new SpecialTokenFinder(tokens);
  const bytes = new TextEncoder().encode("a<|99999|>");
  assertEquals([special.find(bytes, 0, bytes.length), special.matchIndex], [1, 99_999]);
  assertThrows(() => new SpecialTokenFinder([...tokens, tokens[50_000]]), RangeError, "it is given twice");
});
