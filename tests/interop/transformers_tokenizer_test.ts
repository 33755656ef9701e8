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
