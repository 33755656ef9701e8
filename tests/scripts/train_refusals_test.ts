import { assertEquals, assertStringIncludes } from "@std/assert";
import { writeNpy } from "../../lib/data/npy.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

const settings = {
  ...{ name: "run", device: "cpu", threads: 1, data: "ids.npy", steps: 2, "model.vocab_size": 60 },
  ...{ "model.context_length": 16, "model.d_model": 16, "model.num_layers": 1, "model.num_heads": 2 },
};

/** The task `train` as a process of its own, in a folder with some files of ids. */
async function train(folder: TemporaryFolder, flags: Record<string, string | number | true>) {
  const words = Object.entries(flags).flatMap((
    [name, value],
  ) => [`--${name}`, ...(value === true ? [] : [`${value}`])]);
  const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/train.ts`, ...words];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder.path }).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

async function withIds(): Promise<TemporaryFolder> {
  const folder = new TemporaryFolder();
  const ids = Uint16Array.from({ length: 2000 }, (_, i) => i % 50);
  writeNpy(folder.at("ids.npy"), ids);
  writeNpy(folder.at("short.npy"), ids.subarray(0, 16));
  writeNpy(folder.at("beyond.npy"), Uint16Array.from(ids, (id, i) => i === 1234 ? 60 : id));
  writeNpy(folder.at("many.npy"), Uint16Array.from({ length: 2000 }, (_, i) => i % 300));
  writeNpy(folder.at("numbers.npy"), new Float32Array(2000));
  await Tokenizer.fromModel({
    specialTokens: new Map(),
    merges: [],
    vocabulary: Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  })
    .save(folder.at("bytes"), "gpt2");
  Deno.writeTextFileSync(folder.at("text.txt"), "One day, a fox found a bell.\n");
  return folder;
}

/** Every file below a folder with its content, to see that nothing has changed. */
function contents(folder: string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) contents(path).forEach((bytes, inner) => found.set(inner, bytes));
    else found.set(path, Deno.readFileSync(path));
  }
  return found;
}

const refused: [what: string, change: Record<string, string | number>, message: string][] = [
  [
    "a token beyond the vocabulary",
    { data: "beyond.npy" },
    "Cannot use beyond.npy: token 1234 is 60, and the vocabulary has 60 entries",
  ],
  [
    "data shorter than a sequence",
    { data: "short.npy" },
    "the data have 16 tokens, a sequence of 16 and the token after",
  ],
  [
    "data that another tokenizer made, though the model has room for their ids",
    { data: "many.npy", tokenizer: "bytes", "model.vocab_size": 400 },
    "token 256 is 256, and the vocabulary has 256 entries",
  ],
  ["data that are no ids", { data: "numbers.npy" }, "Cannot use numbers.npy: it holds float32"],
  ["data that are not there", { data: "none.npy" }, "Cannot open none.npy: there is no such file"],
];

for (const [what, change, message] of refused) {
  Deno.test(`train refuses ${what}, and writes nothing`, async () => {
    using folder = await withIds();
    const before = contents(folder.path);
    const { code, said } = await train(folder, { ...settings, ...change });
    assertStringIncludes(said, message);
    assertEquals([code, said.split("\n").length], [1, 2]);
    assertEquals(contents(folder.path), before);
  });
}

Deno.test("a text that is too short is known only once it is encoded; what was prepared of it is removed", async () => {
  using folder = await withIds();
  const { data: _, ...others } = settings;
  const change = { input: "text.txt", "model.vocab_size": 260, "model.context_length": 64 };
  const { code, said } = await train(folder, { ...others, ...change });
  assertStringIncludes(said, "a sequence of 64 and the token after it need 65");
  assertEquals([code, folder.names().includes("runs")], [1, false]);
});

Deno.test("train refuses to go on with other settings, data or a damaged checkpoint, and leaves the run as it is", async () => {
  using folder = await withIds();
  assertEquals(await train(folder, settings), { code: 0, said: "" });
  const resume = { name: "run", device: "cpu", threads: 1, steps: 4, resume: true } as const;
  const refuse = async (flags: Record<string, string | number>, ...messages: string[]) => {
    const before = contents(folder.at("runs"));
    const { code, said } = await train(folder, { ...resume, ...flags });
    for (const message of messages) assertStringIncludes(said, message);
    assertEquals(code, 1);
    assertEquals(contents(folder.at("runs")), before);
  };
  await refuse(
    { "model.d_model": 32, batch_size: 3 },
    "model.d_model is 16 there, 32 here",
    "batch_size is 16 there, 3 here",
  );
  await refuse({ data: "short.npy", "model.context_length": 8 }, "the data's length is 2000 there, 16 here");
  const path = folder.at("runs/run/checkpoints/step-00000002.safetensors");
  const whole = Deno.readFileSync(path);
  for (const length of [0, 100, whole.length - 1]) {
    Deno.writeFileSync(path, whole.subarray(0, length));
    await refuse({}, "Cannot read runs/run/checkpoints/step-00000002.safetensors: ");
  }
});
