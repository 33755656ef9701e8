import { assert, assertEquals, assertRejects } from "@std/assert";
import { withSpecialTokens } from "../../lib/tokenizer/add_special_tokens.ts";
import type { BpeModel } from "../../lib/tokenizer/bpe_model.ts";
import { bytesToUnicode, unicodeToBytes } from "../../lib/tokenizer/byte_to_unicode.ts";
import { readGpt2Files } from "../../lib/tokenizer/gpt2_format.ts";
import { readHuggingFaceFile } from "../../lib/tokenizer/huggingface_format.ts";
import { readTiktokenFile } from "../../lib/tokenizer/tiktoken_format.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TOKENIZER_FILES, type TokenizerFormat } from "../../lib/tokenizer/tokenizer_folder.ts";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { fullDisk } from "../data/full_disk.ts";
import { trainBpe } from "../../lib/tokenizer/train_bpe.ts";
import { checkTrainedByPattern } from "../../lib/tokenizer/trained_by_pattern.ts";
import { Random } from "../../lib/tensor/random.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { gpt2RanksFile } from "./gpt2_peer.ts";
import { randomText } from "./random_text.ts";
import { smallModel } from "./small_model.ts";

const FORMATS = Object.keys(TOKENIZER_FILES) as TokenizerFormat[];

/** The small model with special tokens first, as trainBpe() numbers them, or last, as GPT-2 does. */
function withSpecials(tokens: string[], where: "first" | "last"): BpeModel {
  const { merges, vocabulary } = smallModel();
  const special = tokens.map((token) => new TextEncoder().encode(token));
  const offset = where === "first" ? 0 : vocabulary.length;
  return {
    specialTokens: new Map(tokens.map((token, index) => [token, offset + index])),
    merges,
    vocabulary: where === "first" ? [...special, ...vocabulary] : [...vocabulary, ...special],
  };
}

Deno.test("the byte-to-unicode alphabet has 256 printable characters and an inverse", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = bytesToUnicode(bytes);
  assertEquals(new Set(text).size, 256);
  assert(!/[\s\p{C}]/u.test(text));
  assertEquals(unicodeToBytes(text), bytes);
  assertEquals(bytesToUnicode(new Uint8Array([0, 0x20, 0x7f, 0xad])), "ĀĠġŃ"); // as in GPT-2's encoder.py
});

for (const format of FORMATS) {
  Deno.test(`a tokenizer saved as ${format} loads as the same model`, async () => {
    for (const where of ["first", "last"] as const) {
      using folder = new TemporaryFolder();
      const model = withSpecials(["<|endoftext|>", "<|é 你|>"], where);
      await Tokenizer.fromModel(model).save(folder.at("tokenizer"), format);
      const { model: loaded } = await Tokenizer.load(folder.at("tokenizer"));
      assertEquals(loaded, model);
      assertEquals(
        [...Deno.readDirSync(folder.at("tokenizer"))].map((entry) => entry.name).sort(),
        [
          ...TOKENIZER_FILES[format],
        ].sort(),
      );
    }
  });

  Deno.test(`saving as ${format} replaces a tokenizer of the same format and refuses one of another`, async () => {
    using folder = new TemporaryFolder();
    await Tokenizer.fromModel(smallModel()).save(folder.path, format);
    const tokenizer = Tokenizer.fromModel(withSpecials(["<|x|>"], "last"));
    await tokenizer.save(folder.path, format);
    assertEquals((await Tokenizer.load(folder.path)).vocabSize, tokenizer.vocabSize);
    const other = FORMATS.find((other) => other !== format)!;
    await assertRejects(() => tokenizer.save(folder.path, other), Error, `it holds one in the ${format} format`);
  });

  Deno.test(`saving as ${format} leaves the tokenizer that was there as it was where the disk is full`, async () => {
    using folder = new TemporaryFolder();
    const old = withSpecials(["<|x|>"], "last");
    await Tokenizer.fromModel(old).save(folder.path, format);
    const files = folder.names();
    using elsewhere = new TemporaryFolder();
    const tokenizer = Tokenizer.fromModel(withSpecials(["<|y|>"], "first"));
    await tokenizer.save(elsewhere.path, format);
    const needed = files.reduce((sum, name) => sum + Deno.statSync(elsewhere.at(name)).size, 0);
    for (const room of [0, 1, needed - 1]) {
      using _full = fullDisk(room);
      await assertRejects(() => tokenizer.save(folder.path, format), DiskFullError);
      assertEquals([folder.names(), (await Tokenizer.load(folder.path)).model], [files, old]);
    }
  });
}

Deno.test("GPT-2's ranks give merges that say the same in every format", async () => {
  using folder = new TemporaryFolder();
  await Deno.mkdir(folder.at("given"));
  const ranks = await gpt2RanksFile();
  await Deno.writeTextFile(folder.at("given/tokenizer.tiktoken"), ranks);
  await Deno.writeTextFile(folder.at("given/special_tokens.json"), '{"<|endoftext|>":50256}');
  const given = await Tokenizer.load(folder.at("given"));
  assertEquals([given.vocabSize, given.model.merges.length], [50257, 50000]);
  const text = "It's 12 o'clock;\n\n  naïve 你好 👩‍👩‍👧<|endoftext|>";
  for (const format of FORMATS) {
    await given.save(folder.at(format), format);
    const loaded = await Tokenizer.load(folder.at(format));
    assertEquals(loaded.encode(text), given.encode(text));
    assertEquals([...loaded.model.specialTokens], [["<|endoftext|>", 50256]]);
  }
  assertEquals(await Deno.readTextFile(folder.at("tiktoken/tokenizer.tiktoken")), ranks);
});

Deno.test("special tokens are added on loading: known ones keep their id, others take the next", async () => {
  using folder = new TemporaryFolder();
  await Tokenizer.fromModel(withSpecials(["<|a|>"], "first")).save(folder.path, "gpt2");
  const [vocab, merges] = TOKENIZER_FILES.gpt2.map((name) => folder.at(name));
  const size = smallModel().vocabulary.length + 1;
  const tokenizer = await Tokenizer.fromFiles(vocab, merges, { specialTokens: ["<|b|>", "<|a|>", "hello"] });
  assertEquals([...tokenizer.model.specialTokens], [["<|a|>", 0], ["<|b|>", size], ["hello", 1 + 256 + 3]]);
  assertEquals([...tokenizer.encode("hello<|b|>")], [260, size]);
  assertEquals((await Tokenizer.load(folder.path, { specialTokens: ["<|b|>"] })).vocabSize, size + 1);
});

Deno.test("a hundred thousand special tokens are added", () => {
  // Comparing each with all of the vocabulary would take 5 * 10^9 comparisons.
  const { vocabulary } = smallModel();
  const tokens = Array.from({ length: 100_000 }, (_, index) => `<|${index}|>`);
  const model = withSpecialTokens(smallModel(), tokens);
  assertEquals(model.specialTokens.get("<|99999|>"), vocabulary.length + 99_999);
  assertEquals(model.vocabulary.length, vocabulary.length + 100_000);
});

Deno.test("an empty folder is refused with the files that were looked for", async () => {
  using folder = new TemporaryFolder();
  await assertRejects(() => Tokenizer.load(folder.path), Deno.errors.NotFound, "tokenizer.json, vocab.json");
});

Deno.test("a special token written like an ordinary one is refused where it cannot be told apart", async () => {
  using folder = new TemporaryFolder();
  const tokenizer = Tokenizer.fromModel(withSpecials(["hello"], "first"));
  await assertRejects(() => tokenizer.save(folder.at("g"), "gpt2"), RangeError, "try the tiktoken format");
  await assertRejects(() => tokenizer.save(folder.at("h"), "huggingface"), RangeError, "try the tiktoken format");
  await tokenizer.save(folder.at("t"), "tiktoken");
  assertEquals([...(await Tokenizer.load(folder.at("t"))).encode("hello")], [0]);
});

Deno.test("a special token that a merge makes is refused rather than saved where it cannot be read back", async () => {
  using folder = new TemporaryFolder();
  const { merges, vocabulary } = smallModel();
  const specialTokens = new Map([[" the", vocabulary.length - 1]]);
  const tokenizer = Tokenizer.fromModel({ specialTokens, merges, vocabulary });
  for (const format of ["gpt2", "huggingface"] as const) {
    await assertRejects(() => tokenizer.save(folder.at(format), format), RangeError, "that no merge makes");
  }
});

Deno.test("an ordinary token that no merge makes stays one, or is refused where it would become a special token", async () => {
  using folder = new TemporaryFolder();
  const { merges, vocabulary } = smallModel();
  const unused = new TextEncoder().encode("zz");
  const tokenizer = Tokenizer.fromModel({ specialTokens: new Map(), merges, vocabulary: [...vocabulary, unused] });
  const ids = tokenizer.encode("zz");
  assertEquals(ids, Uint32Array.of(0x7a, 0x7a));
  await tokenizer.save(folder.at("h"), "huggingface");
  assertEquals((await Tokenizer.load(folder.at("h"))).encode("zz"), ids);
  await assertRejects(() => tokenizer.save(folder.at("g"), "gpt2"), RangeError, '"zz", is made by no merge');
});

Deno.test("malformed vocab.json and merges.txt are refused with the place", async () => {
  using folder = new TemporaryFolder();
  const bytes = Array.from({ length: 256 }, (_, byte) => bytesToUnicode(new Uint8Array([byte])));
  const vocab = Object.fromEntries([...bytes, "he"].map((token, id) => [token, id]));
  const cases: [string, string, string][] = [
    ["{", "h e\n", "it is not JSON"],
    ["[]", "h e\n", "expected an object of token to id, got []"],
    [JSON.stringify({ ...vocab, x: -1 }), "h e\n", 'the id of "x" is -1'],
    [JSON.stringify({ ...vocab, x: "1" }), "h e\n", 'the id of "x" is "1"'],
    [JSON.stringify({ ...vocab, "<|x|>": 0 }), "h e\n", 'id 0 is given to "Ā" and to "<|x|>"'],
    [JSON.stringify({ ...vocab, "<|x|>": 300 }), "h e\n", "none with id 257"],
    [JSON.stringify({ ...vocab, Ā: undefined }), "h e\n", 'no token for the byte that is written "Ā"'],
    [JSON.stringify(vocab), "h e\nh\n", 'line 2: "h" is no merge'],
    [JSON.stringify(vocab), "#version: 0.2\nh e\nhe y\n", 'merge 2 is "he" + "y", and its vocabulary lacks "hey"'],
  ];
  for (const [vocabText, mergesText, message] of cases) {
    await Deno.writeTextFile(folder.at("vocab.json"), vocabText);
    await Deno.writeTextFile(folder.at("merges.txt"), mergesText);
    await assertRejects(() => readGpt2Files(folder.at("vocab.json"), folder.at("merges.txt")), Error, message);
  }
});

Deno.test("tokenizer.json may write merges as text or as pairs, and leave out what has a default", async () => {
  using folder = new TemporaryFolder();
  const model = withSpecials(["<|x|>"], "last");
  await Tokenizer.fromModel(model).save(folder.path, "huggingface");
  const written = JSON.parse(await Deno.readTextFile(folder.at("tokenizer.json")));
  const old = {
    added_tokens: written.added_tokens,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
    post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: false },
    model: { vocab: written.model.vocab, merges: written.model.merges.map((pair: string[]) => pair.join(" ")) },
  };
  await Deno.writeTextFile(folder.at("tokenizer.json"), JSON.stringify(old));
  assertEquals(await readHuggingFaceFile(folder.at("tokenizer.json")), model);
});

Deno.test("tokenizer.json that encodes in another way is refused with what it asks for", async () => {
  using folder = new TemporaryFolder();
  await Tokenizer.fromModel(withSpecials(["<|x|>"], "last")).save(folder.path, "huggingface");
  const written = JSON.parse(await Deno.readTextFile(folder.at("tokenizer.json")));
  const withModel = (change: object) => ({ ...written, model: { ...written.model, ...change } });
  const added = written.added_tokens[0];
  const byteLevel = written.pre_tokenizer;
  const cases: [unknown, string][] = [
    [[], "it is []; expected an object"],
    [withModel({ type: "WordPiece" }), 'model.type is "WordPiece"; only BPE is supported'],
    [withModel({ byte_fallback: true }), "model.byte_fallback"],
    [withModel({ ignore_merges: true }), "model.ignore_merges"],
    [withModel({ end_of_word_suffix: "</w>" }), "model.end_of_word_suffix"],
    [withModel({ dropout: 0.1 }), "model.dropout"],
    [withModel({ merges: [["a"]] }), "merge 1 is"],
    [withModel({ vocab: 1 }), "expected an object of token to id, got 1"],
    [{ ...written, normalizer: { type: "NFC" } }, 'normalizer is {"type":"NFC"}; a normalizer is not supported'],
    [{ ...written, truncation: {} }, "truncation"],
    [{ ...written, decoder: { type: "Sequence", decoders: [] } }, 'decoder.type is "Sequence"; only ByteLevel'],
    [{ ...written, pre_tokenizer: { type: "Whitespace" } }, "pre_tokenizer.type"],
    [{ ...written, pre_tokenizer: null }, "pre_tokenizer is null; expected GPT-2's ByteLevel"],
    [{ ...written, pre_tokenizer: { ...byteLevel, use_regex: false } }, "only GPT-2's pattern"],
    [{ ...written, pre_tokenizer: { ...byteLevel, add_prefix_space: true } }, "pre_tokenizer.add_prefix_space"],
    [{ ...written, post_processor: { type: "TemplateProcessing" } }, "a post-processor that adds tokens"],
    [
      {
        ...written,
        post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: {} }], special_tokens: {} },
      },
      "a post-processor that adds tokens",
    ],
    [{ ...written, added_tokens: [{ ...added, lstrip: true }] }, "added_tokens.0.lstrip"],
    [{ ...written, added_tokens: [{ ...added, id: 3 }] }, '"<|x|>" has the id 3'],
  ];
  for (const [content, message] of cases) {
    await Deno.writeTextFile(folder.at("tokenizer.json"), JSON.stringify(content));
    await assertRejects(() => readHuggingFaceFile(folder.at("tokenizer.json")), Error, message);
  }
});

Deno.test("tokenizer.json whose added tokens have other ids than tokenizers gives them is refused", async () => {
  using folder = new TemporaryFolder();
  const path = folder.at("tokenizer.json");
  await Tokenizer.fromModel(smallModel()).save(folder.path, "huggingface");
  const written = JSON.parse(await Deno.readTextFile(path));
  const size = smallModel().vocabulary.length;
  const read = async (...added: [content: string, id: number][]) => {
    const added_tokens = added.map(([content, id]) => ({ content, id }));
    await Deno.writeTextFile(path, JSON.stringify({ ...written, added_tokens }));
    return await readHuggingFaceFile(path);
  };
  // What tokenizers 0.23.2 gives: the id in the vocabulary, or else the next that is free, in the order of the list.
  const good = await read(["hello", written.model.vocab.hello], ["<|a|>", size], ["<|b|>", size + 1], ["<|a|>", size]);
  assertEquals(
    good.specialTokens,
    new Map([["hello", written.model.vocab.hello], ["<|a|>", size], ["<|b|>", size + 1]]),
  );
  await assertRejects(() => read(["<|a|>", size + 1], ["<|b|>", size]), TypeError, `gives it ${size}, the next`);
  await assertRejects(() => read(["<|a|>", size], ["<|a|>", size + 1]), TypeError, '"<|a|>" has the id');
  await assertRejects(() => read(["hello", size]), TypeError, "which it has in the vocabulary");
  await assertRejects(() => read(["é", size]), TypeError, "gives it 233, which it has in the vocabulary");
});

Deno.test("tokenizer.json with normalized added tokens is read unless they may overlap those that are looked for before", async () => {
  using folder = new TemporaryFolder();
  const path = folder.at("tokenizer.json");
  await Tokenizer.fromModel(withSpecials(["<|x|>"], "last")).save(folder.path, "huggingface");
  const written = JSON.parse(await Deno.readTextFile(path));
  const read = async (content: string) => {
    const [first] = written.added_tokens;
    const added_tokens = [first, { ...first, id: first.id + 1, content, normalized: true, special: false }];
    await Deno.writeTextFile(path, JSON.stringify({ ...written, added_tokens }));
    return await readHuggingFaceFile(path);
  };
  // `tokenizers` makes a + <|x|> of "a<|x|>" also where "a<|" is a normalized added token.
  for (const content of ["a<|", "a<|x|>", "<|x|>a"]) {
    await assertRejects(() => read(content), TypeError, `${JSON.stringify(content)} is normalized and may overlap`);
  }
  for (const content of ["  ", "|>a", "|x", "<|x", "<|y|>"]) {
    const ids = Tokenizer.fromModel(await read(content)).encode(`<|x|>${content}`);
    assertEquals([...ids], [written.added_tokens[0].id, written.added_tokens[0].id + 1]);
  }
});

Deno.test("malformed .tiktoken files are refused with the place", async () => {
  using folder = new TemporaryFolder();
  const line = (text: string, rank: number) => `${btoa(text)} ${rank}\n`;
  const bytes = Array.from({ length: 256 }, (_, byte) => line(String.fromCharCode(byte), byte)).join("");
  const cases: [string, string][] = [
    [`${bytes}!!! 256\n`, 'line 257: "!!! 256" is no token'],
    [`${bytes}YQ=== 256\n`, "is no token"],
    [`${bytes}YQ=a 256\n`, "is no token"],
    [`${bytes}Y 256\n`, "is not base64"],
    [bytes + line("he", 255), 'id 255 is given to "ÿ" and to "he"'],
    [bytes + line("he", 257), "none with id 256"],
    [bytes + line("a", 256), 'token 256, "a", repeats token 97'],
    [bytes + line("hel", 256), 'token 256, "hel", is no merge of two tokens of lower rank (but of 3)'],
    [bytes + line("he", 256) + line("he", 257), 'token 257, "he", repeats token 256'],
    [bytes.replace(line("a", 97), line("ab", 97)), "it has no token for byte 97"],
  ];
  for (const [content, message] of cases) {
    await Deno.writeTextFile(folder.at("x.tiktoken"), content);
    await assertRejects(() => readTiktokenFile(folder.at("x.tiktoken"), new Map()), Error, message);
  }
});

Deno.test("a vocabulary whose ids are not in the order of the merges is refused by the tiktoken format", async () => {
  using folder = new TemporaryFolder();
  const { merges, vocabulary } = smallModel();
  const swapped = [...vocabulary];
  [swapped[256], swapped[257]] = [swapped[257], swapped[256]];
  const tokenizer = Tokenizer.fromModel({ specialTokens: new Map(), merges, vocabulary: swapped });
  await assertRejects(() => tokenizer.save(folder.path, "tiktoken"), RangeError, "from merge 1 on");
});

Deno.test("vocabularies of another pattern are refused by the formats that name none", async () => {
  using folder = new TemporaryFolder();
  const encode = (text: string) => new TextEncoder().encode(text);
  // ")\n" is in the vocabularies of GPT-4, Llama 3 and Qwen, whose patterns keep line ends with punctuation.
  const { vocabulary, merges } = smallModel();
  const model = {
    specialTokens: new Map(),
    merges: [...merges, [encode(")"), encode("\n")] as const],
    vocabulary: [...vocabulary, encode(")\n")],
  };
  const tokenizer = Tokenizer.fromModel(model);
  const why = `token ${vocabulary.length}, ")\\n", is part of no pre-token of GPT-2's pattern`;
  for (const format of ["gpt2", "tiktoken"] as const) {
    await assertRejects(() => tokenizer.save(folder.at(format), format), RangeError, why);
  }
  // This one says that the pattern is GPT-2's.
  await tokenizer.save(folder.at("h"), "huggingface");
  const loaded = await Tokenizer.load(folder.at("h"));
  assertEquals([...loaded.encode(")\n")], [0x29, 0x0a]);

  const ranks = model.vocabulary.map((token, id) => `${token.toBase64()} ${id}\n`).join("");
  await Deno.writeTextFile(folder.at("x.tiktoken"), ranks);
  await assertRejects(() => readTiktokenFile(folder.at("x.tiktoken"), new Map()), RangeError, why);
  const text = model.vocabulary.map((token, id) => [bytesToUnicode(token), id]);
  await Deno.writeTextFile(folder.at("vocab.json"), JSON.stringify(Object.fromEntries(text)));
  const lines = model.merges.map((pair) => pair.map(bytesToUnicode).join(" ") + "\n");
  await Deno.writeTextFile(folder.at("merges.txt"), lines.join(""));
  await assertRejects(() => readGpt2Files(folder.at("vocab.json"), folder.at("merges.txt")), RangeError, why);
});

Deno.test("every token that trainBpe() makes is part of a pre-token, whatever the bytes", async () => {
  const random = new Random(5);
  for (let round = 0; round < 20; round++) {
    const pieces = Array.from({ length: 20 }, () => randomText(random, 400));
    const input = Array.from({ length: 100 }, () => pieces[random.below(pieces.length)]);
    const { model } = await trainBpe({
      input: [...input, new TextEncoder().encode("we'll 've'r' 'll")],
      vocabSize: 900,
      workers: 1,
    });
    checkTrainedByPattern(model, "use it");
  }
});
