import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { writeLlama } from "../../lib/interop/write_llama.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const fixtures = `${root}tests/fixtures/llama/`;

/** A script as a person would run it, with runs/ in a folder of its own. */
async function run(folder: TemporaryFolder, script: string, args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--config", `${root}deno.json`, `${root}scripts/${script}.ts`, ...args],
    cwd: folder.path,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A small random Llama with a tokenizer, as transformers would save it, in the folder "llama". */
async function writeModel(folder: TemporaryFolder): Promise<void> {
  const tokenizer = await Tokenizer.load(`${fixtures}tokenizer`);
  using device = new Device(new ReferenceBackend());
  using model = new TransformerLM(device, {
    ...{ vocab_size: tokenizer.vocabSize, context_length: 16, num_layers: 1, d_model: 24, num_heads: 4, d_ff: 16 },
    ...{ num_kv_heads: 2, tied_embeddings: true },
  });
  const state = model.parameters.state();
  await writeLlama(folder.at("llama"), { config: model.config, weights: (name) => state.get(name)! }, { tokenizer });
}

Deno.test("a model that import took generates text, and export writes it again to the byte", async () => {
  using folder = new TemporaryFolder();
  await writeModel(folder);
  const imported = await run(folder, "import", ["llama", "--name", "back"]);
  assertEquals([imported.code, imported.stderr], [0, ""]);
  assertStringIncludes(imported.stdout, "deno task generate 'Once upon a time' --run runs/back\n");

  const options = ["--max-new-tokens", "5", "--device", "cpu", "--threads", "1", "--json"];
  const generated = await run(folder, "generate", ["One day", "--run", "runs/back", ...options]);
  assertEquals(generated.stderr, "");
  assertStringIncludes(JSON.parse(generated.stdout).results.texts[0], "One day");

  const exported = await run(folder, "export", ["runs/back"]);
  assertEquals(exported.stderr, "");
  for (const { name } of Deno.readDirSync(folder.at("llama"))) {
    assertEquals(
      Deno.readFileSync(folder.at(`runs/back/llama/${name}`)),
      Deno.readFileSync(folder.at(`llama/${name}`)),
    );
  }
});

Deno.test("import takes a tokenizer alone where there is no model, or where it is asked to", async () => {
  using folder = new TemporaryFolder();
  await writeModel(folder);
  for (
    const args of [[`${fixtures}tokenizer`, "--name", "found"], ["llama", "--only", "tokenizer", "--name", "asked"]]
  ) {
    const { code, stderr } = await run(folder, "import", args);
    assertEquals([code, stderr], [0, ""]);
    const tokenizer = await Tokenizer.load(folder.at(`runs/${args.at(-1)}`));
    assertEquals(tokenizer.model, (await Tokenizer.load(`${fixtures}tokenizer`)).model);
  }
});

Deno.test("import passes over a tokenizer that is not supported only where it is asked to", async () => {
  using folder = new TemporaryFolder();
  await writeModel(folder);
  const path = folder.at("llama/tokenizer.json");
  const content = JSON.parse(Deno.readTextFileSync(path));
  Deno.writeTextFileSync(path, JSON.stringify({ ...content, normalizer: { type: "NFC" } }));
  const refused = await run(folder, "import", ["llama"]);
  assertEquals([refused.code, refused.stderr], [
    1,
    'Cannot read llama/tokenizer.json: normalizer is {"type":"NFC"}; a normalizer is not supported\n' +
    "To take the model without its tokenizer: --only model\n",
  ]);
  const taken = await run(folder, "import", ["llama", "--only", "model"]);
  assertEquals(taken.stderr, "");
  assertStringIncludes(taken.stdout, "Note: there is no tokenizer with the model");
});

Deno.test("a run that was imported is not resumed", async () => {
  using folder = new TemporaryFolder();
  await run(folder, "import", [`${fixtures}untied`]);
  const { code, stderr } = await run(folder, "train", ["--name", "imported", "--resume"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot resume runs/imported: it was imported");
});

Deno.test("import and export say what is missing", async () => {
  using folder = new TemporaryFolder();
  const cases: [string, string[], string][] = [
    ["import", ["nowhere"], "Cannot import nowhere: it has neither config.json nor tokenizer.json"],
    ["import", [`${fixtures}untied/config.json`], "give the folder that holds the checkpoint's files"],
    ["import", [`${fixtures}tokenizer`, "--only", "model"], "it has no config.json"],
    ["export", ["runs/none"], "Cannot use runs/none: it has no checkpoint"],
    [
      "export",
      ["--checkpoint", `${fixtures}untied/model.safetensors`, "--out", "x"],
      "no checkpoint of a training run",
    ],
    ["export", ["--checkpoint", "x.safetensors"], "--checkpoint names no run; give --out DIR"],
  ];
  for (const [script, args, message] of cases) {
    const { code, stderr } = await run(folder, script, args);
    assertStringIncludes(stderr, message);
    assert(code !== 0);
  }
  assertEquals(folder.names(), []);
});
