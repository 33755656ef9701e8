import { assertEquals, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = new URL("../../", import.meta.url).pathname;
const text = "Once upon a time, there was a little girl. ".repeat(10_000);

/** A task as a person would run it, with text through its standard input. */
async function run(folder: TemporaryFolder, script: string, words: string, input: string | Uint8Array<ArrayBuffer>) {
  const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/${script}.ts`];
  const task = new Deno.Command(Deno.execPath(), {
    args: [...args, ...words.split(" ")],
    cwd: folder.path,
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  // A task that fails early closes the pipe.
  const feeding = new Blob([input]).stream().pipeTo(task.stdin).catch(() => {});
  const { code, stderr } = await task.output();
  await feeding;
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** A folder for what the tasks write. */
function withRuns(): TemporaryFolder {
  const folder = new TemporaryFolder();
  Deno.mkdirSync(folder.at("runs"));
  return folder;
}

Deno.test("train_bpe - and encode - make of the standard input what they make of a file", async () => {
  using folder = withRuns();
  Deno.writeTextFileSync(folder.at("text.txt"), text);
  for (const [input, name] of [["text.txt", "file"], ["-", "piped"], ["/dev/stdin", "named"]]) {
    const training = await run(folder, "train_bpe", `${input} --vocab-size 300 --out runs/${name}`, text);
    assertEquals(training, { code: 0, stderr: "" });
    const encoding = await run(folder, "encode", `${input} --tokenizer runs/file --out runs/${name}.npy`, text);
    assertEquals(encoding, { code: 0, stderr: "" });
    for (const made of ["/vocab.json", "/merges.txt", ".npy"]) {
      assertEquals(
        Deno.readFileSync(folder.at(`runs/${name}${made}`)),
        Deno.readFileSync(folder.at(`runs/file${made}`)),
      );
    }
  }
});

Deno.test("encode takes a named pipe", async () => {
  using folder = withRuns();
  await run(folder, "train_bpe", "- --vocab-size 300 --out runs/tokenizer", text);
  await new Deno.Command("mkfifo", { args: [folder.at("pipe")] }).output();
  const writing = Deno.writeTextFile(folder.at("pipe"), text);
  const encoding = await run(folder, "encode", "pipe --tokenizer runs/tokenizer --out runs/ids.npy", "");
  await writing;
  assertEquals(encoding, { code: 0, stderr: "" });
  await run(folder, "encode", "- --tokenizer runs/tokenizer --out runs/piped.npy", text);
  assertEquals(Deno.readFileSync(folder.at("runs/ids.npy")), Deno.readFileSync(folder.at("runs/piped.npy")));
});

Deno.test("what cannot be used of the standard input is refused, and nothing is written", async () => {
  using folder = withRuns();
  await run(folder, "train_bpe", "- --vocab-size 300 --out runs/tokenizer", text);
  const encode = "- --tokenizer runs/tokenizer --out runs/ids.npy";
  const train = "- --vocab-size 300 --out runs/other";
  for (const [script, words] of [["encode", encode], ["train_bpe", train]]) {
    const none = await run(folder, script, words, "");
    assertEquals(none.code, 1);
    assertStringIncludes(none.stderr, "Cannot use the standard input: there is no text in it");
    const packed = await run(folder, script, words, new Uint8Array(gzipSync(text)));
    assertEquals(packed.code, 1);
    assertStringIncludes(
      packed.stderr,
      "Cannot use the standard input: it is packed with gzip; unpack it before the pipe",
    );
  }
  const more = await run(folder, "train_bpe", "- more.txt", text);
  assertEquals(more.code, 2);
  assertStringIncludes(more.stderr, "the standard input goes alone");
  assertEquals([...Deno.readDirSync(folder.at("runs"))].map(({ name }) => name), ["tokenizer"]);
});

Deno.test("a task that waits for text stops on Ctrl-C and leaves nothing", async () => {
  using folder = withRuns();
  await run(folder, "train_bpe", "- --vocab-size 300 --out runs/tokenizer", text);
  const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/encode.ts`];
  const task = new Deno.Command(Deno.execPath(), {
    args: [...args, "-", "--tokenizer", "runs/tokenizer", "--out", "runs/ids.npy"],
    cwd: folder.path,
    ...{ stdin: "piped", stdout: "null", stderr: "piped" },
  }).spawn();
  // The unfinished file shows that it waits.
  while ([...Deno.readDirSync(folder.at("runs"))].length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  task.kill("SIGINT");
  const { code, stderr } = await task.output();
  await task.stdin.close().catch(() => {});
  assertEquals([code, new TextDecoder().decode(stderr)], [130, "Stopped by a signal.\n"]);
  assertEquals([...Deno.readDirSync(folder.at("runs"))].map(({ name }) => name), ["tokenizer"]);
});
