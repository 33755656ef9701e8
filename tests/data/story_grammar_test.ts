import { assert, assertEquals, assertThrows } from "@std/assert";
import { CompiledGrammar, type Grammar } from "../../lib/data/stories/grammar.ts";
import { table, words } from "../../lib/data/stories/words.ts";
import { Random } from "../../lib/tensor/random.ts";

/** All texts that a few hundred runs of a grammar write. */
function texts(rules: Record<string, string>, rest: Partial<Grammar> = {}): string[] {
  const grammar = new CompiledGrammar({ lists: {}, slots: {}, ...rest, rules }, "start");
  const random = new Random(1);
  const found = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const target = new Uint8Array(grammar.longest);
    const end = grammar.write(random, target, 0);
    assert(end <= grammar.longest);
    found.add(new TextDecoder().decode(target.subarray(0, end)));
  }
  return [...found].sort();
}

const lists = { fruit: words("apple, pear"), pet: table("noun sound", "cat; meowed\nowl; [hooted|called]") };

Deno.test("a template writes one of its alternatives, nested ones too", () => {
  assertEquals(texts({ start: "a[b|c[d|]|]e" }), ["abe", "ace", "acde", "ae"].sort());
});

Deno.test("a slot keeps what it drew, and two slots of a list never draw the same", () => {
  const slots = { one: "pet", two: "pet" };
  assertEquals(texts({ start: "{=one}{=two}{one} {two} {one}" }, { lists, slots }), ["cat owl cat", "owl cat owl"]);
});

Deno.test("fields of a row belong together and are templates themselves", () => {
  const found = texts({ start: "{=one}{A one} {one.sound}." }, { lists, slots: { one: "pet" } });
  assertEquals(found, ["A cat meowed.", "An owl called.", "An owl hooted."]);
});

Deno.test("a word drawn for its place differs from the one before it", () => {
  assertEquals(texts({ start: "{#fruit} {#fruit} {^#fruit}" }, { lists }), ["apple pear Apple", "pear apple Pear"]);
});

Deno.test("rules are written where they are called, and layout is not text", () => {
  const start = `[One|
      Two
      |Three] {@two},
      four.

      Five.`;
  assertEquals(texts({ start, two: "2" }), ["One 2, four.\nFive.", "Three 2, four.\nFive.", "Two 2, four.\nFive."]);
});

for (
  const [what, start, message] of [
    ["an unknown rule", "{@none}", 'there is no rule "none"'],
    ["an unknown slot", "{none}", 'names the unknown "none"'],
    ["an unknown list", "{#none}", 'names the unknown list "none"'],
    ["an unknown field", "{#pet.age}", 'names the unknown "age"'],
    ["a rule that calls itself", "[a|{@start}]", 'rule "start" calls itself'],
    ["a bracket left open", "[a|b", "is not closed"],
    ["a bracket that closes nothing", "a]b", "is not opened"],
    ["a bar outside of brackets", "a|b", "is not opened"],
    ["a malformed placeholder", "{# fruit}", "is not a placeholder"],
    ["text beyond ASCII", "é", "is not ASCII"],
  ]
) {
  Deno.test(`${what} is refused when the grammar is compiled`, () => {
    assertThrows(() => new CompiledGrammar({ lists, slots: {}, rules: { start } }, "start"), Error, message);
  });
}

Deno.test("a slot used before it is drawn is an error, not a wrong word", () => {
  assertThrows(
    () => texts({ start: "{one}" }, { lists, slots: { one: "pet" } }),
    Error,
    "uses a slot before drawing it",
  );
});

Deno.test("table() refuses a row with a field too many", () => {
  assertThrows(() => table("noun sound", "cat; meowed; purred"), Error, 'a row is ["cat","meowed","purred"]');
});
