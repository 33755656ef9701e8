import { assertEquals, assertRejects } from "@std/assert";
import { importRun } from "../../lib/interop/import_run.ts";
import { openLlama } from "../../lib/interop/llama_checkpoint.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { loadModel, readTrainingState } from "../../lib/training/checkpoint.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const fixtures = decodeURIComponent(new URL("../fixtures/llama/", import.meta.url).pathname);

Deno.test("importRun() makes a run whose newest checkpoint is the model", async () => {
  using folder = new TemporaryFolder();
  using device = new Device(new ReferenceBackend());
  using llama = openLlama(`${fixtures}grouped_query`);
  await importRun(folder.at("run"), llama);
  const { path } = new CheckpointFolder(folder.at("run/checkpoints")).latest()!;
  using model = loadModel(device, path);
  assertEquals(model.config, llama.config);
  assertEquals(model.parameters.state(), llama.state());
  assertEquals(readTrainingState(path).config, JSON.parse(Deno.readTextFileSync(folder.at("run/config.json"))));
});

Deno.test("importRun() takes the tokenizer along, and the run knows it again", async () => {
  using folder = new TemporaryFolder();
  const tokenizer = await Tokenizer.load(`${fixtures}tokenizer`);
  using device = new Device(new ReferenceBackend());
  const sizes = { context_length: 8, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 8 };
  using model = new TransformerLM(device, { vocab_size: tokenizer.vocabSize, ...sizes });
  const state = model.parameters.state();
  const source = { config: model.config, weights: (name: string) => state.get(name)! };
  await importRun(folder.at("run"), source, { tokenizer, hash: "ab" });
  const { config: { tokenizer: path }, tokenizer_sha256 } = readTrainingState(
    new CheckpointFolder(folder.at("run/checkpoints")).latest()!.path,
  );
  assertEquals([path, tokenizer_sha256], [folder.at("run/tokenizer"), "ab"]);
  assertEquals((await Tokenizer.load(path!)).model, tokenizer.model);
});

Deno.test("importRun() leaves nothing behind when it fails, and no run is overwritten", async () => {
  using folder = new TemporaryFolder();
  using llama = openLlama(`${fixtures}untied`);
  const tokenizer = await Tokenizer.load(`${fixtures}tokenizer`);
  await assertRejects(
    () => importRun(folder.at("run"), llama, { tokenizer, hash: "" }),
    RangeError,
    "it has 270 tokens",
  );
  const { config } = llama;
  const weights = () => {
    throw new Error("the disk is full");
  };
  await assertRejects(() => importRun(folder.at("run"), { config, weights }), Error, "the disk is full");
  assertEquals(folder.names(), []);
  await importRun(folder.at("run"), llama);
  await assertRejects(() => importRun(folder.at("run"), llama), Error, "Cannot write the folder");
  assertEquals(folder.names(), ["run"]);
});
