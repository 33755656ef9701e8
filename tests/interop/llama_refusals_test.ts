import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { openSafetensors, type SafetensorsTensor, writeSafetensors } from "../../lib/data/safetensors.ts";
import { openLlama } from "../../lib/interop/llama_checkpoint.ts";
import { readLlamaConfig } from "../../lib/interop/llama_config.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const fixtures = decodeURIComponent(new URL("../fixtures/llama/", import.meta.url).pathname);

/** A checkpoint of the fixtures with fields of its config.json changed; undefined leaves a field out. */
function changedCopy(folder: TemporaryFolder, from: string, change: Record<string, unknown> = {}): string {
  for (const { name } of Deno.readDirSync(`${fixtures}${from}`)) {
    Deno.copyFileSync(`${fixtures}${from}/${name}`, folder.at(name));
  }
  const config = JSON.parse(Deno.readTextFileSync(folder.at("config.json")));
  Deno.writeTextFileSync(folder.at("config.json"), JSON.stringify({ ...config, ...change }));
  return folder.path;
}

/** Its weights as they are, to be changed and written again. */
function tensorsOf(folder: TemporaryFolder): Record<string, SafetensorsTensor> {
  using file = openSafetensors(folder.at("model.safetensors"));
  const tensor = (name: string) => ({ shape: file.shape(name), values: file.read(name) as Float32Array });
  return Object.fromEntries(file.names.map((name) => [name, tensor(name)]));
}

Deno.test("fields that our model does not compute are refused, each with what was expected", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ model_type: "qwen2" }, 'model_type is "qwen2"; only this architecture is supported; expected "llama"'],
    [
      { attention_bias: true },
      "attention_bias is true; a bias of the attention's layers is not supported; expected false",
    ],
    [{ mlp_bias: true }, "mlp_bias is true; a bias of the feed-forward layers is not supported; expected false"],
    [{ hidden_act: "gelu" }, 'hidden_act is "gelu"; only SwiGLU is supported; expected "silu"'],
    [{ sliding_window: 128 }, "sliding_window is 128; a sliding window is not supported; expected null"],
    [{ layer_types: ["full_attention", "sliding_attention"] }, 'layer_types.1 is "sliding_attention"'],
    [{ head_dim: 8 }, "head_dim is 8; heads must share hidden_size; expected 12 / 2 = 6"],
    [
      { rope_scaling: { rope_type: "llama3", factor: 8 } },
      'rope_scaling.rope_type is "llama3"; scaled rotary embedding',
    ],
    [{ rope_scaling: { type: "linear", factor: 2 } }, 'rope_scaling.type is "linear"; scaled rotary embedding'],
    [{ rope_parameters: { rope_type: "yarn", rope_theta: 1e4 } }, 'rope_parameters.rope_type is "yarn"'],
    [{ partial_rotary_factor: 0.5 }, "partial_rotary_factor is 0.5; rotating a part of a head is not supported"],
    [
      { quantization_config: { bits: 4 } },
      'quantization_config is {"bits":4}; a quantized checkpoint is not supported',
    ],
    [{ hidden_size: undefined }, "hidden_size is missing; expected a whole number"],
    [{ vocab_size: -1 }, "vocab_size is -1; expected a whole number above 0"],
    [
      { num_key_value_heads: 3, num_attention_heads: 4, hidden_size: 16, head_dim: 4 },
      "num_kv_heads is 3, num_heads 4",
    ],
    [{ num_attention_heads: 5, head_dim: undefined }, "num_heads is 5, d_model 12"],
  ];
  for (const [change, message] of cases) {
    using folder = new TemporaryFolder();
    const path = `${changedCopy(folder, "untied", change)}/config.json`;
    const error = assertThrows(() => readLlamaConfig(path), Error);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.message, `Cannot use ${path}: `);
  }
});

Deno.test("all fields that are refused are named at once", () => {
  using folder = new TemporaryFolder();
  const path = `${changedCopy(folder, "untied", { mlp_bias: true, sliding_window: 8 })}/config.json`;
  assertThrows(() => readLlamaConfig(path), Error, "\n  sliding_window is 8");
  assertThrows(() => readLlamaConfig(path), Error, "\n  mlp_bias is true");
});

Deno.test("what old versions leave out of config.json has the value that transformers gives it", () => {
  using folder = new TemporaryFolder();
  const path = changedCopy(folder, "untied", {
    ...{ num_key_value_heads: undefined, head_dim: undefined, rope_parameters: undefined, attention_bias: undefined },
    ...{ mlp_bias: undefined, rms_norm_eps: undefined, tie_word_embeddings: undefined, eos_token_id: undefined },
  });
  const { model, endOfText } = readLlamaConfig(`${path}/config.json`);
  assertEquals(model.num_kv_heads, 2);
  assertEquals([model.rope_theta, model.rmsnorm_eps, model.tied_embeddings], [10_000, 1e-6, false]);
  assertEquals(endOfText, []);
  changedCopy(folder, "untied", { rope_parameters: undefined, rope_theta: 5e5, eos_token_id: [1, 2] });
  const later = readLlamaConfig(`${path}/config.json`);
  assertEquals([later.model.rope_theta, later.endOfText], [5e5, [1, 2]]);

  // Of both names, transformers 5.18 heeds the older one, unless it is empty.
  for (const [rope_scaling, theta] of [[{ rope_type: "default", rope_theta: 7e3 }, 7e3], [{}, 9e3]] as const) {
    changedCopy(folder, "untied", { rope_parameters: { rope_type: "default", rope_theta: 9e3 }, rope_scaling });
    assertEquals(readLlamaConfig(folder.at("config.json")).model.rope_theta, theta);
  }
});

Deno.test("a config.json that is missing or no JSON is refused with its path", () => {
  using folder = new TemporaryFolder();
  const path = folder.at("config.json");
  assertThrows(() => readLlamaConfig(path), Error, `Cannot read ${path}: there is no such file`);
  Deno.writeTextFileSync(path, "{ model");
  assertThrows(() => readLlamaConfig(path), Error, `Cannot read ${path}: it is not JSON`);
  Deno.writeTextFileSync(path, "[]");
  assertThrows(() => readLlamaConfig(path), Error, `Cannot use ${path}: it is []; expected an object of fields`);
});

Deno.test("tensors that are missing, too many, or of another shape are named before any is read", () => {
  const name = "model.layers.1.mlp.up_proj.weight";
  const cases: [(tensors: Record<string, SafetensorsTensor>) => void, string][] = [
    [(tensors) => delete tensors[name], `${name} is missing`],
    [(tensors) => delete tensors["lm_head.weight"], "lm_head.weight is missing"],
    [
      (tensors) => tensors["model.layers.0.self_attn.q_proj.bias"] = { shape: [1], values: new Float32Array(1) },
      "q_proj.bias is not in a Llama model of this configuration",
    ],
    [
      (tensors) => tensors[name] = { shape: [12, 16], values: new Float32Array(192) },
      `${name} is [12, 16], the configuration makes it [16, 12]`,
    ],
  ];
  for (const [change, message] of cases) {
    using folder = new TemporaryFolder();
    changedCopy(folder, "untied");
    const tensors = tensorsOf(folder);
    change(tensors);
    writeSafetensors(folder.at("model.safetensors"), tensors);
    assertThrows(() => openLlama(folder.path), Error, message);
  }
});

Deno.test("the angles that old checkpoints hold are passed over", () => {
  using folder = new TemporaryFolder();
  changedCopy(folder, "untied");
  const angles = { "model.layers.0.self_attn.rotary_emb.inv_freq": { shape: [3], values: new Float32Array(3) } };
  writeSafetensors(folder.at("model.safetensors"), { ...tensorsOf(folder), ...angles });
  using llama = openLlama(folder.path);
  assertEquals(llama.config.num_layers, 2);
});

Deno.test("with tied embeddings a head that is the same may be there, and another is refused", () => {
  using folder = new TemporaryFolder();
  changedCopy(folder, "tied");
  const tensors = tensorsOf(folder);
  const head = { ...tensors["model.embed_tokens.weight"] };
  writeSafetensors(folder.at("model.safetensors"), { ...tensors, "lm_head.weight": head });
  {
    using llama = openLlama(folder.path);
    assertEquals(llama.state().has("lm_head.weight"), false);
  }
  const other = { ...head, values: (head.values as Float32Array).map((value) => value + 1) };
  writeSafetensors(folder.at("model.safetensors"), { ...tensors, "lm_head.weight": other });
  assertThrows(() => openLlama(folder.path), Error, "tie_word_embeddings is true, but lm_head.weight is not the same");
});

Deno.test("weights that are no floats are refused", () => {
  using folder = new TemporaryFolder();
  changedCopy(folder, "untied");
  const bytes = Deno.readFileSync(folder.at("model.safetensors"));
  // U32 has the same size as F32, so the rest of the header still fits.
  const header = new TextDecoder().decode(bytes.subarray(8, 2000)).indexOf('"F32"');
  bytes.set(new TextEncoder().encode('"U32"'), 8 + header);
  Deno.writeFileSync(folder.at("model.safetensors"), bytes);
  assertThrows(() => openLlama(folder.path), Error, "is U32; expected F32, F16 or BF16");
});

Deno.test("an index that does not fit its files is refused, and one that leads elsewhere is not followed", () => {
  const index = "model.safetensors.index.json";
  const cases: [(map: Record<string, string>) => void, string][] = [
    [
      (map) => map["lm_head.weight"] = "model-00009-of-00003.safetensors",
      "names model-00009-of-00003.safetensors, which is not there",
    ],
    [
      (map) => map["lm_head.weight"] = "../other/model.safetensors",
      "expected the name of a .safetensors file in the same folder",
    ],
    [
      (map) => map["lm_head.weight"] = map["model.embed_tokens.weight"],
      "which does not have it; the files are not of one checkpoint",
    ],
    [(map) => delete map["lm_head.weight"], "lm_head.weight is missing"],
  ];
  for (const [change, message] of cases) {
    using folder = new TemporaryFolder();
    changedCopy(folder, "sharded");
    const content = JSON.parse(Deno.readTextFileSync(folder.at(index)));
    change(content.weight_map);
    Deno.writeTextFileSync(folder.at(index), JSON.stringify(content));
    assertThrows(() => openLlama(folder.path), Error, message);
  }
});

Deno.test("a folder without safetensors is refused with what to do", () => {
  using folder = new TemporaryFolder();
  changedCopy(folder, "untied");
  Deno.removeSync(folder.at("model.safetensors"));
  Deno.writeTextFileSync(folder.at("pytorch_model.bin"), "");
  assertThrows(() => openLlama(folder.path), Error, "has neither model.safetensors nor model.safetensors.index.json");
});
