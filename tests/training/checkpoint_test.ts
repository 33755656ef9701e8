import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { openSafetensors, writeSafetensors } from "../../lib/data/safetensors.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { AdamW } from "../../lib/optim/adamw.ts";
import { Muon } from "../../lib/optim/muon.ts";
import type { Optimizer } from "../../lib/optim/optimizer.ts";
import type { Device } from "../../lib/tensor/device.ts";
import {
  loadCheckpoint,
  loadModel,
  readTrainingState,
  saveCheckpoint,
  saveWeights,
} from "../../lib/training/checkpoint.ts";
import { parseTrainingConfig, type TrainingConfig } from "../../lib/training/training_config.ts";
import { fullDisk } from "../data/full_disk.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { referenceDevice, smallConfig } from "./small_run.ts";

/** A model with an optimizer whose weights and moments are all different numbers. */
function trained(device: Device, config: TrainingConfig) {
  const model = new TransformerLM(device, config.model, { seed: config.seed });
  const optimizer = new AdamW(model.parameters);
  const { length } = model.parameters.weights;
  const moments = (scale: number) => Float32Array.from({ length }, (_, i) => scale * (i + 1));
  optimizer.load({ step: 5, firstMoments: moments(1e-3), secondMoments: moments(1e-6) });
  return { model, optimizer };
}

function state(config: TrainingConfig) {
  return { config, step: 5, tokens: 120, seconds: 1.5, random: [1, 2, 3, 4], data_tokens: 100, tokenizer_sha256: "ab" };
}

const config = smallConfig();

Deno.test("a checkpoint restores weights, moments and state exactly", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  saveCheckpoint(folder.at("a.safetensors"), model, optimizer, state(config));
  const other = trained(device, smallConfig({ seed: 8 }));
  const loaded = loadCheckpoint(folder.at("a.safetensors"), other.model, other.optimizer);
  assertEquals(other.model.parameters.state(), model.parameters.state());
  // Padding between groups is not a parameter and has no moments worth keeping.
  for (const moments of ["firstMoments", "secondMoments"] as const) {
    for (const { weights } of model.parameters.named.values()) {
      const start = (weights.byteOffset - model.parameters.weights.byteOffset) / 4;
      const part = (from: AdamW) => device.download(from[moments].sub(start, weights.length));
      assertEquals(part(other.optimizer), part(optimizer));
    }
  }
  assertEquals(other.optimizer.steps, 5);
  assertEquals(loaded, { ...state(config), version: 1, is_best: false });
  assertEquals(readTrainingState(folder.at("a.safetensors")), loaded);
});

Deno.test("a checkpoint is a state dict that other tools read, and a model by itself", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  saveCheckpoint(folder.at("a.safetensors"), model, optimizer, state(config));
  using file = openSafetensors(folder.at("a.safetensors"));
  assertEquals(
    file.names.filter((name) => !name.startsWith("optimizer.")).sort(),
    [...model.parameters.named.keys()].sort(),
  );
  assertEquals(file.shape("optimizer.first_moments.layers.0.ffn.w1.weight"), [16, 8]);
  using loaded = loadModel(device, folder.at("a.safetensors"));
  assertEquals(loaded.config, model.config);
  assertEquals(loaded.parameters.state(), model.parameters.state());
  assertEquals(loaded.parameters.gradients, undefined);
});

Deno.test("a checkpoint says the version of its format", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  const weights = model.parameters.state();
  saveCheckpoint(folder.at("trained.safetensors"), model, optimizer, state(config));
  saveWeights(folder.at("weights.safetensors"), (name) => weights.get(name)!, { config });
  for (const name of ["trained", "weights"]) {
    using file = openSafetensors(folder.at(`${name}.safetensors`));
    assertEquals(JSON.parse(file.metadata.denolm_training_state).version, 1);
  }
});

Deno.test("a checkpoint of other settings is refused, and every field that differs is listed", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  const path = folder.at("a.safetensors");
  saveCheckpoint(path, model, optimizer, state(config));
  const before = model.parameters.state();
  const changed = smallConfig({ batch_size: 4, optimizer: { max_learning_rate: 0.5, warmup_steps: 2 } });
  const error = assertThrows(
    () => loadCheckpoint(path, model, optimizer, { config: changed, data_tokens: 99, tokenizer_sha256: "cd" }),
    RangeError,
  );
  for (
    const part of [
      "batch_size is 2 there, 4 here",
      "optimizer.max_learning_rate is 0.01 there, 0.5 here",
      "the data's length is 100 there, 99 here",
      `the tokenizer's SHA-256 is "ab" there, "cd" here`,
    ]
  ) assertStringIncludes(error.message, part);
  const wider = smallConfig({ model: { ...config.model, d_ff: 32, ffn: "silu" } });
  using other = new TransformerLM(device, wider.model);
  assertThrows(
    () => loadCheckpoint(path, other, new AdamW(other.parameters)),
    RangeError,
    `model.d_ff is 16 there, 32 here; model.ffn is "swiglu" there, "silu" here`,
  );
  assertEquals(model.parameters.state(), before);
});

Deno.test("a checkpoint of another optimizer is refused, either way, and changes nothing", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  using muon = new Muon(model.parameters);
  saveCheckpoint(folder.at("adamw.safetensors"), model, optimizer, state(config));
  saveCheckpoint(folder.at("muon.safetensors"), model, muon, state(config));
  const other = trained(device, smallConfig({ seed: 8 }));
  const before = other.model.parameters.state();
  const load = (name: string, optimizer: Optimizer) => () => loadCheckpoint(folder.at(name), other.model, optimizer);
  // 12 parameters: 7 matrices of a block, two embeddings, three norms.
  using otherMuon = new Muon(other.model.parameters);
  assertThrows(load("adamw.safetensors", otherMuon), RangeError, "it holds 24 moments, this optimizer has 17");
  assertThrows(load("muon.safetensors", other.optimizer), RangeError, "it holds 17 moments, this optimizer has 24");
  assertEquals(other.model.parameters.state(), before);
});

Deno.test("a state that could not be loaded, of another model or with its optimizer, is not saved over what is there", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const path = folder.at("a.safetensors");
  const { model, optimizer } = trained(device, config);
  saveCheckpoint(path, model, optimizer, state(config));
  const before = Deno.readFileSync(path);
  const wrong = { ...state(config), step: 1.5, random: [1], seconds: NaN };
  const error = assertThrows(() => saveCheckpoint(path, model, optimizer, wrong), RangeError) as RangeError;
  for (const field of ["step is 1.5", "random is [1]", "seconds is NaN"]) assertStringIncludes(error.message, field);
  const wide = smallConfig({ model: { ...config.model, d_ff: 64 } });
  assertThrows(
    () => saveCheckpoint(path, model, optimizer, state(wide)),
    RangeError,
    `config.model.d_ff is 64, ${config.model.d_ff} here`,
  );
  const other = trained(device, config);
  assertThrows(
    () => saveCheckpoint(path, model, other.optimizer, state(config)),
    RangeError,
    "not weights that the optimizer steps",
  );
  assertThrows(() => loadCheckpoint(path, model, other.optimizer), RangeError, "give the optimizer of this model");
  assertEquals(Deno.readFileSync(path), before);
});

Deno.test("settings that do not change how training goes on may differ", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  saveCheckpoint(folder.at("a.safetensors"), model, optimizer, state(config));
  const longer = parseTrainingConfig({ ...config, steps: 100, eval_every: 1, keep_checkpoints: 9, data: "moved.npy" });
  loadCheckpoint(folder.at("a.safetensors"), model, optimizer, { ...state(longer) });
});

Deno.test("a checkpoint cut off anywhere, or of another kind, is refused and changes nothing", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  const path = folder.at("a.safetensors");
  saveCheckpoint(path, model, optimizer, state(config));
  const whole = Deno.readFileSync(path);
  using other = new TransformerLM(device, config.model, { seed: 99 });
  using itsOptimizer = new AdamW(other.parameters);
  const before = other.parameters.state();
  for (const length of [0, 7, 100, whole.length / 2, whole.length - 1]) {
    Deno.writeFileSync(path, whole.subarray(0, length));
    assertThrows(() => loadCheckpoint(path, other, itsOptimizer), Error, "Cannot read");
  }
  writeSafetensors(path, { a: { shape: [1], values: new Float32Array(1) } });
  assertThrows(() => loadCheckpoint(path, other, itsOptimizer), Error, "no checkpoint of a training run");
  writeSafetensors(path, { a: { shape: [1], values: new Float32Array(1) } }, { denolm_training_state: `{"step":-1}` });
  assertThrows(() => loadCheckpoint(path, other, itsOptimizer), Error, "its training state is damaged");
  assertEquals(other.parameters.state(), before);
  assertEquals(itsOptimizer.steps, 0);
});

Deno.test("a bit that is flipped in the training state is noticed, whichever it is", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  const path = folder.at("a.safetensors");
  saveCheckpoint(path, model, optimizer, state(config));
  const whole = Deno.readFileSync(path);
  const saved = readTrainingState(path);
  const text = new TextDecoder("latin1").decode(whole);
  const begin = text.indexOf('denolm_training_state"');
  const end = text.indexOf("denolm_training_state_sha256");
  assert(begin > 0 && end > begin);
  for (let i = begin; i < end; i++) {
    const flipped = whole.slice();
    flipped[i] ^= 1 << i % 7;
    Deno.writeFileSync(path, flipped);
    assertThrows(() => readTrainingState(path), Error, "Cannot ", `byte ${i} of ${text.slice(i - 20, i + 20)}`);
  }
  Deno.writeFileSync(path, whole);
  assertEquals(readTrainingState(path), saved);
});

Deno.test("a disk that fills up leaves the checkpoint before whole and nothing half-written", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  const path = folder.at("a.safetensors");
  saveCheckpoint(path, model, optimizer, state(config));
  const whole = Deno.readFileSync(path);
  for (const room of [0, 100, 5000]) {
    using _full = fullDisk(room);
    const save = () => saveCheckpoint(path, model, optimizer, state(smallConfig({ seed: 1 })));
    assertThrows(save, DiskFullError, `Cannot write ${path}: no space is left on the disk`);
  }
  assertEquals(Deno.readFileSync(path), whole);
  assertEquals(folder.names(), ["a.safetensors"]);
});

Deno.test("weights that come from elsewhere make a checkpoint for generating, and none to go on from", () => {
  using folder = new TemporaryFolder();
  using device = referenceDevice();
  const { model, optimizer } = trained(device, config);
  const weights = model.parameters.state();
  const path = folder.at("step-00000000.safetensors");
  saveWeights(path, (name) => weights.get(name)!, { config, tokenizer_sha256: "ab" });
  using loaded = loadModel(device, path);
  assertEquals(loaded.parameters.state(), weights);
  assertEquals([readTrainingState(path).step, readTrainingState(path).tokenizer_sha256], [0, "ab"]);
  assertThrows(() => loadCheckpoint(path, model, optimizer), RangeError, "it holds weights alone");
});
