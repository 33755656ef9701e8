import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { parseTrainingConfig } from "../../lib/training/training_config.ts";
import { Report } from "../../scripts/frame/report.ts";
import { prepareData } from "../../scripts/training/prepare_data.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { smallConfig } from "../training/small_run.ts";

/** What is made of a text in a folder of its own: its path in the configuration, and the files of ids. */
async function prepare(folder: TemporaryFolder, input: string) {
  const made = folder.at(`${input}-run`);
  const report = new Report(true, { stdout() {}, stderr() {}, atTerminal: false });
  const asked = parseTrainingConfig({
    ...smallConfig(),
    input: folder.at(input),
    model: { ...smallConfig().model, vocab_size: 300 },
  });
  const { config, tokenizer } = await prepareData(asked, made, 0, report);
  report.close();
  const files = [config.data!, config.validation_data!].map((path) => Deno.readFileSync(path));
  return { input: config.input, files, vocabulary: tokenizer!.vocabSize };
}

Deno.test("a packed text gives the tokenizer and the ids of the unpacked one", async () => {
  using folder = new TemporaryFolder();
  const text = "One day, a fox found a bell.<|endoftext|>The bell was cold, and the fox was not.\n".repeat(100);
  Deno.writeTextFileSync(folder.at("text.txt"), text);
  Deno.writeFileSync(folder.at("text.txt.gz"), gzipSync(text));
  const plain = await prepare(folder, "text.txt");
  const packed = await prepare(folder, "text.txt.gz");
  assert(plain.files.every((file) => file.length > 128), "ids after each header");
  assertEquals(packed, { ...plain, input: folder.at("text.txt.gz") });
});

Deno.test("built-in stories that the disk has no room for are refused before any is told", async () => {
  using folder = new TemporaryFolder();
  const report = new Report(true, { stdout() {}, stderr() {}, atTerminal: false });
  const telling = prepareData(smallConfig(), folder.at("run"), 1e18, report);
  await assertRejects(() => telling, Error, "Cannot write 1.00 EB of stories to ");
  report.close();
  assertEquals(Array.from(Deno.readDirSync(folder.at("run"))), []);
});

Deno.test("validation data that are not there are missed before a text is told, or encoded for hours", async () => {
  using folder = new TemporaryFolder();
  const report = new Report(true, { stdout() {}, stderr() {}, atTerminal: false });
  const config = smallConfig({ validation_data: folder.at("none.npy") });
  await assertRejects(() => prepareData(config, folder.at("run"), 1e5, report), Deno.errors.NotFound);
  report.close();
  assertEquals(folder.names(), []);
});
