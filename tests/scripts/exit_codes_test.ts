import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { openDevice } from "../../ffi/devices.ts";
import { threadCount } from "../../scripts/frame/thread_count.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

// Code 2: the command line can be judged wrong by itself. Code 1: it is the world outside that fails it.

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** A task as a process of its own; nothing is left in the folder where it runs. */
async function refuse(script: string, words: string, code: number, message: string) {
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(
    folder.at("heads.json"),
    `{ "model": { "num_heads": 7, "d_model": 32, "vocab_size": 300, "context_length": 8, "num_layers": 1 } }`,
  );
  const before = folder.names();
  const args = [
    "run",
    "-q",
    "-A",
    `--config=${root}deno.json`,
    `${root}scripts/${script}.ts`,
    ...words.split(" ").filter((word) => word !== ""),
  ];
  const done = await new Deno.Command(Deno.execPath(), { args, cwd: folder.path, env: { NO_COLOR: "1" } }).output();
  const [out, said] = [done.stdout, done.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertStringIncludes(said, message);
  assertEquals([done.code, out, said.split("\n").length], [code, "", 2], said);
  assertEquals(folder.names(), before);
}

const wrongCommandLines: [script: string, words: string, message: string][] = [
  ["train", "--model.num_heads 7", "num_heads is 7, d_model 128; d_model must be a multiple of num_heads"],
  ["train", "--model.vocab_size 100", "Cannot train a vocabulary of 100: expected an integer of at least 257"],
  ["train", "--optimizer.warmup_steps 700", "warmup_steps is 700, cosine_steps 600"],
  ["train", "--data ids.npy --input text.txt", "--input text.txt: it excludes --data"],
  ["train", "--name ..", "--name ..: expected letters, digits, dots and dashes, with a letter or digit first"],
  ["train", "--device cpu --precision bfloat16", "Cannot use precision bfloat16: the device cpu computes in float32"],
  ["train", "--device cpu --threads 257", "--threads 257: expected an integer from 1 to 256"],
  ["demo", "--threads 257", "--threads 257: expected an integer from 1 to 256"],
  ["learning_rate", "--device cpu --precision bfloat16 --dry-run", "Cannot use precision bfloat16"],
  ["train_bpe", "--vocab-size 256", "--vocab-size 256: expected an integer of at least 257"],
  [
    "train_bpe",
    "--vocab-size 257 --special-token a --special-token b",
    "at least 258, for 256 bytes and 2 special tokens",
  ],
  ["train_bpe", "--special-token a --special-token a", `special token "a": it is given twice`],
  ["train_bpe_tinystories", "--vocab-size 100", "--vocab-size 100: expected an integer of at least 257"],
  ["encode", "text.txt --tokenizer there --out ./text.txt", "--out ./text.txt: it is the file that is read"],
  ["decode", "ids.npy --tokenizer there --out ids.npy", "--out ids.npy: it is the file that is read"],
  ["generate", "--best --checkpoint file", "--checkpoint file: it excludes --best"],
  ["export", "--best --checkpoint file", "--checkpoint file: it excludes --best"],
  ["data", "owt --from mirror", `from "mirror": it is not an address`],
  ["accounting", "--num-heads 7", "num_heads is 7, d_model 512"],
  ["accounting", "--measure --d-model 33 --num-heads 3", "heads of 11; rotary embedding needs an even head size"],
  ["accounting", "gpt5", `"gpt5": there is none; expected one of gpt2-small`],
  ["accounting", "--device a1000", `"a1000": there is none; the nearest is "a100"`],
  ["learning_rate", "--low-resource --tokens 5", "--tokens 5: it excludes --low-resource"],
];

const failures: typeof wrongCommandLines = [
  ["train", "--config heads.json", "Cannot use heads.json: model: num_heads is 7, d_model 32"],
  ["train", "--resume", "Cannot resume runs/train: it holds no run"],
  ["generate", "Once --run none", "Cannot use none: it has no checkpoint"],
  ["generate", "Once --run heads.json", "Cannot use heads.json: it has no checkpoint, it is a file; give"],
  ["experiment_log", "", "Cannot write a log: there is no run below runs"],
  ["train_bpe_expts_owt", "--tinystories-tokenizer none", "Cannot load a tokenizer from none"],
  [
    "tokenizer_experiments",
    "--tinystories heads.json --tinystories-tokenizer none",
    "Cannot load a tokenizer from none",
  ],
  ["decode", "heads.json --tokenizer none", "Cannot load a tokenizer from none"],
  [
    "train",
    "--data heads.json --device cpu --json",
    "of a .npy file; give one as deno task encode or numpy.save writes it",
  ],
  ["import", "none", "Cannot import none: it has neither config.json nor tokenizer.json"],
  ["encode", "none.txt --tokenizer none --out ids.npy", "Cannot load a tokenizer from none"],
  ["encode", "heads.json --tokenizer heads.json --out ids.npy", "from heads.json: it is a file; give the folder"],
];

for (const [code, cases] of [[2, wrongCommandLines], [1, failures]] as const) {
  for (const [script, words, message] of cases) {
    Deno.test(`${script} ${words} ends with code ${code} and changes nothing`, () =>
      refuse(script, words, code, message));
  }
}

Deno.test("the threads that options allow are those that the cpu device takes", () => {
  const most = threadCount.maxValue!;
  using device = openDevice("cpu", { threads: most });
  assertEquals(device.name, "cpu");
  assertThrows(() => openDevice("cpu", { threads: most + 1 }), RangeError, `from 1 to ${most}`);
});
