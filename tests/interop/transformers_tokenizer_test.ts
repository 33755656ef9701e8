import { assertEquals, assertRejects } from "@std/assert";
import { readTransformersTokenizer } from "../../lib/interop/transformers_tokenizer.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const fixture = decodeURIComponent(new URL("../fixtures/llama/tokenizer", import.meta.url).pathname);

Deno.test("a tokenizer that transformers saved encodes as it does there", async () => {
  const { text, ids } = JSON.parse(Deno.readTextFileSync(`${fixture}/expected.json`));
  const tokenizer = (await readTransformersTokenizer(fixture))!;
  assertEquals([...tokenizer.encode(text)], ids);
  assertEquals(tokenizer.decode(ids), text);
});

Deno.test("vocab.json and merges.txt are read with the tokens of added_tokens.json, in the order of their ids", async () => {
  using folder = new TemporaryFolder();
  await (await Tokenizer.load(fixture)).save(folder.path, "gpt2");
  const size = (await readTransformersTokenizer(folder.path))!.vocabSize;
  const add = (tokens: Record<string, number>) =>
    Deno.writeTextFileSync(folder.at("added_tokens.json"), JSON.stringify(tokens));
  add({ "<|two|>": size + 1, "<|one|>": size });
  const tokenizer = (await readTransformersTokenizer(folder.path))!;
  assertEquals([...tokenizer.encode("<|two|><|one|><|endoftext|>")], [size + 1, size, 0]);
  add({ "<|far|>": size + 7 });
  await assertRejects(
    () => readTransformersTokenizer(folder.path),
    Error,
    `has the id ${size + 7} there, and ${size} is`,
  );
});

Deno.test("a folder without a tokenizer gives none", async () => {
  using folder = new TemporaryFolder();
  assertEquals(await readTransformersTokenizer(folder.path), undefined);
});

Deno.test("what transformers saves beside a tokenizer is refused where it would encode otherwise", async () => {
  // Each of these gave other ids in transformers 5.18.
  const lstrip = { content: "<|endoftext|>", lstrip: true };
  const cases: [file: string, content: unknown, message: string][] = [
    [
      "tokenizer_config.json",
      { tokenizer_class: "LlamaTokenizer" },
      'tokenizer_class is "LlamaTokenizer"; only that of',
    ],
    ["tokenizer_config.json", { tokenizer_class: "GPT2Tokenizer", add_prefix_space: true }, "add_prefix_space is true"],
    ["tokenizer_config.json", { add_bos_token: true }, "adding a token before the text is not supported"],
    ["tokenizer_config.json", { add_eos_token: true }, "adding a token after the text is not supported"],
    ["tokenizer_config.json", { pad_token: "<|x|>" }, 'it names "<|x|>", which is no special token'],
    ["tokenizer_config.json", { additional_special_tokens: ["<|x|>"] }, '"<|x|>"'],
    ["tokenizer_config.json", { extra_special_tokens: { image_token: "<|x|>" } }, '"<|x|>"'],
    ["tokenizer_config.json", { added_tokens_decoder: { 269: { content: "<|x|>" } } }, '"<|x|>"'],
    ["tokenizer_config.json", { added_tokens_decoder: { 0: lstrip } }, "lstrip of the token"],
    ["special_tokens_map.json", { pad_token: { content: "<|x|>" } }, '"<|x|>"'],
    ["added_tokens.json", { "<|x|>": 269 }, '"<|x|>"'],
  ];
  for (const [file, content, message] of cases) {
    using folder = new TemporaryFolder();
    await (await Tokenizer.load(fixture)).save(folder.path, "huggingface");
    Deno.writeTextFileSync(folder.at(file), JSON.stringify(content));
    await assertRejects(() => readTransformersTokenizer(folder.path), Error, message);
  }
});

Deno.test("a tokenizer of the class of GPT-2 needs <|endoftext|>, which transformers would add", async () => {
  using folder = new TemporaryFolder();
  const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  await Tokenizer.fromModel({ specialTokens: new Map(), merges: [], vocabulary }).save(folder.path, "huggingface");
  const configure = (fields: object) =>
    Deno.writeTextFileSync(folder.at("tokenizer_config.json"), JSON.stringify(fields));
  configure({ tokenizer_class: "GPT2Tokenizer", model_max_length: 1024 });
  await assertRejects(() => readTransformersTokenizer(folder.path), Error, 'it names "<|endoftext|>"');
  configure({ tokenizer_class: "GPT2Tokenizer", unk_token: null });
  assertEquals((await readTransformersTokenizer(folder.path))!.vocabSize, 256);
});
