import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../lib/tensor/random.ts";
import type { BpeModel } from "../../lib/tokenizer/bpe_model.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { gpt2PeerIds, loadGpt2, type PeerSettings } from "./gpt2_peer.ts";
import { randomAscii, randomText } from "./random_text.ts";
import { referencePretokens } from "./reference_pretokens.ts";
import { smallModel } from "./small_model.ts";

// A run of more strings, a million without the peer in minutes:
// DENOLM_FUZZ=1000000 deno test -A --filter inverse tests/tokenizer/tokenizer_test.ts
const FUZZED = Number(Deno.env.get("DENOLM_FUZZ") ?? 1000);

const gpt2 = await loadGpt2();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A string of all planes with white space of every kind, contractions, digits, joiners and lone surrogates. */
function randomString(random: Random): string {
  const text = decoder.decode(randomText(random, random.below(40), 0));
  const choice = random.uniform();
  const at = random.below(text.length + 1);
  if (choice < 0.1) return text.slice(0, at) + String.fromCharCode(0xd800 + random.below(0x800)) + text.slice(at);
  if (choice < 0.2) return text + (text[at] ?? " ").repeat(random.below(200)) + text;
  return text;
}

/** Fails unless `encode` gives each text the ids that js-tiktoken gives it. */
async function assertPeerAgrees(texts: string[], settings: PeerSettings, encode: (text: string) => Uint32Array) {
  const theirs = await gpt2PeerIds(texts, settings);
  for (const [run, text] of texts.entries()) assertEquals([...encode(text)], theirs[run], JSON.stringify(text));
}

Deno.test("encodeOrdinary() gives js-tiktoken's ids on fuzzed text", async () => {
  const random = new Random(1);
  const texts = Array.from({ length: FUZZED }, () => randomString(random));
  await assertPeerAgrees(texts, { unicodeSpaces: true, allowedSpecial: [] }, (text) => gpt2.encodeOrdinary(text));
});

Deno.test("encodeOrdinary() gives the ids of js-tiktoken's own pattern where U+0085 and U+FEFF do not occur", async () => {
  const random = new Random(2);
  const texts = Array.from({ length: FUZZED / 4 }, () => randomString(random).replaceAll(/[\u0085\ufeff]/g, ""));
  await assertPeerAgrees(texts, { unicodeSpaces: false, allowedSpecial: [] }, (text) => gpt2.encodeOrdinary(text));
});

Deno.test("encode() gives js-tiktoken's ids around special tokens", async () => {
  const random = new Random(3);
  const texts = Array.from({ length: FUZZED / 4 }, () => {
    const pieces = Array.from({ length: random.below(6) }, () => randomString(random));
    return pieces.join(["<|endoftext|>", "<|endoftext|><|endoftext|>", " <|endoftext|> ", "<|end"][random.below(4)]);
  });
  await assertPeerAgrees(texts, { unicodeSpaces: true, allowedSpecial: "all" }, (text) => gpt2.encode(text));
});

Deno.test("decode() is the inverse of encode() for well-formed strings, and puts U+FFFD for lone surrogates", () => {
  const random = new Random(4);
  for (let run = 0; run < FUZZED; run++) {
    const text = randomString(random);
    assertEquals(gpt2.decode(gpt2.encode(text)), text.toWellFormed(), JSON.stringify(text));
  }
});

Deno.test("decodeBytes() is the inverse of encodeBytes() for any bytes", () => {
  const random = new Random(5);
  for (let run = 0; run < FUZZED / 4; run++) {
    const bytes = randomText(random, random.below(40), 0.4);
    assertEquals(gpt2.decodeBytes(gpt2.encodeBytes(bytes)), bytes);
  }
});

Deno.test("runs of one byte of any value and length encode to ids that decode to them, when new and when remembered", () => {
  const tokenizer = Tokenizer.fromModel(smallModel());
  for (let byte = 0; byte < 256; byte++) {
    for (let length = 1; length <= 20; length++) {
      const bytes = new Uint8Array(length).fill(byte);
      for (let time = 0; time < 2; time++) assertEquals(tokenizer.decodeBytes(tokenizer.encodeBytes(bytes)), bytes);
    }
  }
});

Deno.test("every token of GPT-2's vocabulary, encoded by itself, is that token", () => {
  for (let id = 0; id < gpt2.vocabSize; id++) {
    const bytes = gpt2.idToBytes(id);
    // A few tokens are two pre-tokens or more; those are never encoded as one.
    const ids = gpt2.encodeBytes(bytes);
    if (ids.length !== 1 || ids[0] !== id) assert(ids.length > 1 && gpt2.decodeBytes(ids).length === bytes.length);
  }
});

Deno.test("long runs of one character and of random letters encode to js-tiktoken's ids", async () => {
  const random = new Random(6);
  const letters = Array.from({ length: 500 }, () => String.fromCharCode(97 + random.below(26))).join("");
  const texts = ["a".repeat(777), " ".repeat(400), "=".repeat(65), "好".repeat(99), "\n".repeat(64), letters];
  await assertPeerAgrees(texts, { unicodeSpaces: true, allowedSpecial: [] }, (text) => gpt2.encode(text));
});

Deno.test("a megabyte without a border between pre-tokens encodes and decodes", () => {
  const random = new Random(7);
  const letters = Array.from({ length: 1 << 20 }, () => String.fromCharCode(97 + random.below(26))).join("");
  for (const text of ["a".repeat(1 << 20), letters]) {
    const ids = gpt2.encode(text);
    assertEquals(gpt2.decode(ids), text);
    let streamed = 0;
    for (const some of gpt2.encodeIterable(text.match(/.{1,1000}/g)!)) streamed += some.length;
    assertEquals(streamed, ids.length);
  }
});

Deno.test("decode() turns malformed bytes into U+FFFD as Python's errors='replace' does", () => {
  const tokenizer = Tokenizer.fromModel(smallModel());
  const cases: [number[], string][] = [ // bytes([...]).decode(errors="replace")
    [[0xe4, 0xbd], "\ufffd"],
    [[0xe4, 0xbd, 0x41], "\ufffdA"],
    [[0xc0, 0xaf], "\ufffd\ufffd"],
    [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
    [[0xf0, 0x9f, 0x98, 0x61, 0xff], "\ufffda\ufffd"],
    [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
    [[0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
  ];
  for (const [bytes, text] of cases) assertEquals(tokenizer.decode(bytes), text);
});

Deno.test("of overlapping special tokens, the first and then the longest wins", () => {
  const tokenizer = withSpecials(["<|a|>", "<|a|><|a|>", "|><|"]);
  const [one, two, inner] = ["<|a|>", "<|a|><|a|>", "|><|"].map((token) => tokenizer.specialTokenToId(token)!);
  assertEquals([...tokenizer.encode("<|a|>")], [one]);
  assertEquals([...tokenizer.encode("<|a|><|a|>")], [two]);
  assertEquals([...tokenizer.encode("<|a|><|a|><|a|>")], [two, one]);
  assertEquals([...tokenizer.encode("x|><|a|>")], [120, inner, 97, 124, 62]);
  assertEquals(tokenizer.encodeOrdinary("<|a|>"), new Uint32Array([60, 124, 97, 124, 62]));
  assertEquals(tokenizer.specialTokenToId("<|b|>"), undefined);
});

Deno.test("encodeIterable() gives the ids of the whole wherever the pieces are cut", () => {
  const tokenizer = withSpecials(["<|a|>", "<|a|><|b|>", "<|b|>x"]);
  const random = new Random(8);
  for (let run = 0; run < 300; run++) {
    const pieces = Array.from({ length: 4 }, () => randomString(random));
    const text = pieces.join(["<|a|>", "<|a|><|b|>", "<|a|><|b|>x"][random.below(3)]);
    const whole = [...tokenizer.encode(text)];
    assertEquals(join(tokenizer.encodeIterable(cut(text, random))), whole, JSON.stringify(text));
    const bytes = new TextEncoder().encode(text);
    assertEquals(join(tokenizer.encodeIterable(cut(bytes, random))), whole, JSON.stringify(text));
    assertEquals(join(tokenizer.encodeIterable(Array.from(bytes, (byte) => Uint8Array.of(byte)))), whole);
    assertEquals(join(tokenizer.encodeIterable(text.split(""))), whole, JSON.stringify(text)); // in the middle of pairs
  }
});

Deno.test("encodeIterable() takes strings and bytes in turn, and ends a cut surrogate pair with U+FFFD", () => {
  const tokenizer = Tokenizer.fromModel(smallModel());
  const pieces = ["a\ud83d", new Uint8Array([0x62]), "", "\ude00", "\ud83d", "\ude00"];
  assertEquals(tokenizer.decode(join(tokenizer.encodeIterable(pieces))), "a\ufffdb\ufffd😀");
  assertEquals(tokenizer.decode(join(tokenizer.encodeIterable(["\ud83d"]))), "\ufffd");
  assertEquals(join(tokenizer.encodeIterable([])), []);
});

Deno.test("encodeIterable() takes a text by itself", () => {
  const text = "Once upon a time \u{1f600}";
  assertEquals(join(gpt2.encodeIterable(text)), [...gpt2.encode(text)]);
});

Deno.test("encodeIterable() reads an asynchronous source, such as a stream", async () => {
  const text = "The quick brown fox<|endoftext|> jumps over 13 lazy dogs.";
  const ids: number[] = [];
  for await (const some of gpt2.encodeIterable(new Blob([text]).stream())) ids.push(...some);
  assertEquals(ids, [...gpt2.encode(text)]);
});

Deno.test("generators of one tokenizer may take turns", () => {
  const [left, right] = ["Once upon a time", "there was a fox"];
  const [a, b] = [left, right].map((text) => gpt2.encodeIterable(text.split("")));
  const ids: [number[], number[]] = [[], []];
  for (let open = true; open;) {
    const steps = [a.next(), b.next()];
    for (const [index, step] of steps.entries()) ids[index].push(...(step.value ?? []));
    open = steps.some((step) => !step.done);
  }
  assertEquals(ids.map((some) => gpt2.decode(some)), [left, right]);
});

Deno.test("ids outside the vocabulary are refused with their place", () => {
  for (const bad of [-1, gpt2.vocabSize, 1.5, NaN]) {
    assertThrows(() => gpt2.decode([0, bad]), RangeError, `Cannot decode id ${bad} at index 1`);
    assertThrows(() => gpt2.idToBytes(bad), RangeError, `Cannot decode id ${bad}`);
  }
});

Deno.test("more distinct pre-tokens than the cache holds encode like few", () => {
  const random = new Random(9);
  const words = Array.from({ length: 300_000 }, () => ` ${random.below(2 ** 31).toString(36)}${random.below(9)}`);
  const text = words.join("");
  const ids = gpt2.encode(text);
  assertEquals(gpt2.decode(ids), text);
  assertEquals(gpt2.encode(text), ids); // with a cache in another state
});

Deno.test("short pre-tokens of more than four ids are remembered with all of them, whatever takes their place", () => {
  const random = new Random(10);
  const letters = Array.from({ length: 150_000 }, () => String.fromCharCode(98 + random.below(24))).join("");
  const words = Array.from({ length: 150_000 }, (_, at) => ` ${letters.slice(at, at + 1 + random.below(14))}`);
  const alone = new Map(words.map((word) => [word, [...gpt2.encode(word)]]));
  assert(alone.values().some((ids) => ids.length > 8));
  // Others come between the first and the second time, and each word comes with others than before.
  for (let run = 0; run < 2; run++) {
    const shuffled = Array.from({ length: 50_000 }, () => words[random.below(words.length)]);
    assertEquals([...gpt2.encode(shuffled.join("") + "!")], [...shuffled.flatMap((word) => alone.get(word)!), 0]);
  }
});

Deno.test("long pre-tokens are remembered with all of their ids, also when there are more than the cache holds", () => {
  const random = new Random(11);
  const word = (length: number) =>
    " " + Array.from({ length }, () => String.fromCharCode(97 + random.below(3))).join("");
  const words = Array.from({ length: 20_000 }, (_, at) => at % 100 === 0 ? word(300) : word(15 + random.below(80)));
  const alone = new Map(words.map((word) => [word, [...gpt2.encode(word)]]));
  for (let run = 0; run < 2; run++) {
    const some = Array.from({ length: 20_000 }, () => words[random.below(words.length)]);
    assertEquals([...gpt2.encode(some.join(""))], some.flatMap((word) => alone.get(word)!));
  }
});

Deno.test("a long text has the ids of its pre-tokens, one after the other", () => {
  const random = new Random(12);
  for (let round = 0; round < 50; round++) {
    const parts = Array.from({ length: 10 }, () => [
      ...new TextEncoder().encode(randomAscii(random, random.below(300))),
      ...new TextEncoder().encode(
        ["I'd it's we'll 'tis don't", "'", "\0", "-".repeat(random.below(300))][random.below(4)],
      ),
      ...randomText(random, random.below(4)),
    ]);
    const bytes = Uint8Array.from(parts.flat());
    const expected = referencePretokens(bytes).flatMap((pretoken) => [...gpt2.encodeBytes(pretoken)]);
    for (let time = 0; time < 2; time++) assertEquals([...gpt2.encodeBytes(bytes)], expected);
  }
});

Deno.test("fromModel() refuses vocabularies that cannot work", () => {
  const model = smallModel();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const refused: [Partial<BpeModel>, string][] = [
    [{ vocabulary: model.vocabulary.slice(1) }, "it has no token for byte 0"],
    [{ vocabulary: [...model.vocabulary, bytes("a")] }, 'both hold "a"'],
    [{ merges: [[bytes("q"), bytes("q")]] }, "the token it makes is not in the vocabulary"],
    [{ merges: [[bytes("qq"), bytes("q")]] }, "its left part is not in the vocabulary"],
    [{ merges: [model.merges[0], model.merges[0]] }, "it is given twice"],
    [{ specialTokens: new Map([["<|x|>", 9999]]) }, "its id is 9999"],
  ];
  for (const [change, message] of refused) {
    assertThrows(() => Tokenizer.fromModel({ ...model, ...change }), RangeError, message);
  }
});

function withSpecials(tokens: string[]): Tokenizer {
  const { merges, vocabulary } = smallModel();
  const specialTokens = new Map(tokens.map((token, index) => [token, vocabulary.length + index]));
  return Tokenizer.fromModel({
    specialTokens,
    merges,
    vocabulary: [...vocabulary, ...tokens.map((token) => new TextEncoder().encode(token))],
  });
}

function join(pieces: Iterable<Uint32Array>): number[] {
  return [...pieces].flatMap((some) => [...some]);
}

function cut<Text extends string | Uint8Array>(text: Text, random: Random): Text[] {
  const pieces: Text[] = [];
  for (let at = 0; at < text.length;) {
    const end = at + random.below(12);
    pieces.push(text.slice(at, end) as Text);
    at = end;
  }
  return pieces;
}
