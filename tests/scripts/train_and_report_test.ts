import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { outputFolder } from "../../scripts/frame/output_folder.ts";
import { Report } from "../../scripts/frame/report.ts";
import { builtInCorpus } from "../../scripts/tokenizing/corpus.ts";
import { trainAndReport } from "../../scripts/tokenizing/train_and_report.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

Deno.test("outputFolder() removes what it has made and nobody has used, and nothing else", () => {
  using top = new TemporaryFolder();
  Deno.mkdirSync(top.at("there"));
  for (const path of ["a/b/c", "there", "there/d"]) {
    using _folder = outputFolder(top.at(path));
    assertEquals(Deno.statSync(top.at(path)).isDirectory, true);
  }
  assertEquals(top.names(), ["there"]);
  {
    using _folder = outputFolder(top.at("a/b/c"));
    Deno.writeTextFileSync(top.at("a/b/ids.npy"), "");
  }
  assertEquals([existsSync(top.at("a/b/c")), existsSync(top.at("a/b/ids.npy"))], [false, true]);
});

Deno.test("outputFolder() fails at once where a file is in the way", () => {
  using top = new TemporaryFolder();
  Deno.writeTextFileSync(top.at("file"), "");
  assertThrows(() => outputFolder(top.at("file")), Deno.errors.AlreadyExists);
});

Deno.test("of many longest tokens the first are named", async () => {
  using top = new TemporaryFolder();
  let said = "";
  const report = new Report(false, { stdout: (text) => said += text, stderr() {}, atTerminal: false });
  const corpus = builtInCorpus(1000, 0);
  await trainAndReport({ corpus, vocabSize: 256, specialTokens: [], out: top.path, format: "gpt2" }, report);
  report.close();
  assertMatch(said, /\nlongest tokens: "\\u0000" .* and 244 more\n/);
});

Deno.test("a tokenizer in another format in the same folder is found before training", async () => {
  using top = new TemporaryFolder();
  Deno.writeTextFileSync(top.at("tokenizer.json"), "{}");
  let said = "";
  const report = new Report(false, { stdout: (text) => said += text, stderr() {}, atTerminal: false });
  const order = { corpus: builtInCorpus(1000, 0), vocabSize: 300, out: top.path, format: "gpt2" } as const;
  await assertRejects(
    () => trainAndReport({ ...order, specialTokens: [] }, report),
    Error,
    "it holds one in the huggingface format",
  );
  assertEquals(said, "");
});
