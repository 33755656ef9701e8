import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { checkTexts } from "../../scripts/tokenizing/check_texts.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

async function withTexts(): Promise<TemporaryFolder> {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.at("text.txt"), "a");
  Deno.writeFileSync(folder.at("text.gz"), gzipSync("a"));
  Deno.writeTextFileSync(folder.at("empty.txt"), "");
  Deno.writeFileSync(folder.at("empty.gz"), gzipSync(""));
  Deno.writeTextFileSync(folder.at("damaged.gz"), "no gzip member");
  await Tokenizer.fromModel({
    specialTokens: new Map(),
    merges: [],
    vocabulary: Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  }).save(folder.at("bytes"), "gpt2");
  return folder;
}

Deno.test("checkTexts() takes files of which at least one has text, packed or not", async () => {
  using folder = await withTexts();
  for (const names of [["text.txt"], ["text.gz"], ["empty.txt", "text.txt"], ["text.gz", "empty.gz"]]) {
    await checkTexts(names.map((name) => folder.at(name)));
  }
});

Deno.test("checkTexts() does not open a named pipe, whose writer it would cut off", async () => {
  using folder = new TemporaryFolder();
  await new Deno.Command("mkfifo", { args: [folder.at("pipe")] }).output();
  const { openSync } = Deno;
  // In the place of waiting for a writer, which would never end.
  Deno.openSync = () => {
    throw new Error("it was opened");
  };
  try {
    await checkTexts([folder.at("pipe")]);
  } finally {
    Deno.openSync = openSync;
  }
});

Deno.test("checkTexts() refuses files without any text, folders, and what is not there or damaged", async () => {
  using folder = await withTexts();
  const refuse = (names: string[], message: string) =>
    assertRejects(() => checkTexts(names.map((name) => folder.at(name))), Error, message);
  await refuse(["empty.txt"], `Cannot use ${folder.at("empty.txt")}: there is no text in it; give a file`);
  await refuse(["empty.gz"], "there is no text in it");
  await refuse(["empty.txt", "empty.gz"], `${folder.at("empty.txt")}, ${folder.at("empty.gz")}: there is no text`);
  await refuse(["text.txt", "none.txt"], "none.txt");
  await refuse(["text.txt", "."], "it is a folder; give a file");
  await refuse(["damaged.gz"], "it is not a whole gzip file");
});

Deno.test("checkTexts() refuses what is packed under another name, and text in UTF-16, with what to do", async () => {
  using folder = new TemporaryFolder();
  const path = folder.at("text.txt");
  const refuse = async (bytes: Uint8Array, message: string) => {
    Deno.writeFileSync(path, bytes);
    await assertRejects(() => checkTexts([path]), Error, `Cannot use ${path}: it is ${message}`);
  };
  await refuse(gzipSync("a"), "packed with gzip; unpack it before the pipe (zcat), or name a file that ends in .gz");
  await refuse(zstdCompressSync("a"), "packed with zstd; unpack it (zstdcat)");
  await refuse(Uint8Array.of(0xff, 0xfe, 0x61, 0), "in UTF-16; make UTF-8 of it (iconv");
  await refuse(Uint8Array.of(0xfe, 0xff, 0, 0x61), "in UTF-16; make UTF-8 of it (iconv");
  Deno.writeTextFileSync(path, "\uFEFFPK, a text with a byte order mark");
  await checkTexts([path]);
});

const commands: [script: string, words: string][] = [
  ["train_bpe", "empty.txt --vocab-size 300"],
  ["train_bpe", "/dev/null --vocab-size 300"],
  ["train_bpe_tinystories", "empty.gz --vocab-size 300"],
  ["train_bpe_expts_owt", "empty.txt --vocab-size 300"],
  ["encode", "empty.txt --tokenizer bytes --out made/ids.npy"],
  ["train", "--input empty.gz --device cpu"],
  ["tokenizer_experiments", "--tinystories empty.txt"],
  ["tokenizer_experiments", "--tinystories text.txt --openwebtext empty.txt"],
  ["learning_rate", "--input empty.txt --scale smoke --device cpu --dry-run"],
];

for (const [script, words] of commands) {
  Deno.test(`${script} ${words} says that there is no text, and writes nothing`, async () => {
    using folder = await withTexts();
    const before = folder.names();
    const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/${script}.ts`, ...words.split(" ")];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder.path }).output();
    const about = /\S*(empty|null)\S*/.exec(words)![0];
    assertEquals(
      [code, new TextDecoder().decode(stderr)],
      [1, `Cannot use ${about}: there is no text in it; give a file that has some\n`],
    );
    assertEquals(folder.names(), before);
  });
}
