import { assertEquals } from "@std/assert";
import { activationComponents } from "../../lib/accounting/activations.ts";
import { adamwFlops } from "../../lib/accounting/adamw_flops.ts";
import { total } from "../../lib/accounting/component.ts";
import { evaluate, type Expression } from "../../lib/accounting/expression.ts";
import { formatExpression } from "../../lib/accounting/format_expression.ts";
import {
  decodeBytes,
  decodeFlops,
  generationFlops,
  kvCacheBytes,
  prefillFlops,
} from "../../lib/accounting/generation_cost.ts";
import { matrixProducts, trainingPositions } from "../../lib/accounting/matrix_products.ts";
import { modelPreset } from "../../lib/accounting/model_presets.ts";
import { type ModelShape, valuesOf } from "../../lib/accounting/model_shape.ts";
import { muonFlops } from "../../lib/accounting/muon_update.ts";
import { normalForm } from "../../lib/accounting/normal_form.ts";
import { parameterComponents, parameterCount } from "../../lib/accounting/parameters.ts";
import { trainingMemory } from "../../lib/accounting/training_memory.ts";

const tiny: ModelShape = {
  vocab_size: 11,
  context_length: 6,
  num_layers: 3,
  d_model: 8,
  num_heads: 4,
  num_kv_heads: 2,
  d_ff: 5,
  norm: "pre",
  position: "rope",
  ffn: "swiglu",
  qk_norm: false,
  tied_embeddings: false,
};

function valueOf(expression: Expression, model: ModelShape, more: Record<string, bigint> = {}, batchSize = 1): bigint {
  return evaluate(expression, { ...valuesOf(model, batchSize), ...more });
}

Deno.test("parameters of published models are those of their authors", () => {
  const counts = {
    "tinyllama-1.1b": 1_100_048_384n,
    "llama2-7b": 6_738_415_616n,
    "llama2-13b": 13_015_864_320n,
    "llama3-8b": 8_030_261_248n,
    "llama3-70b": 70_553_706_496n,
  };
  for (const [name, count] of Object.entries(counts)) {
    const model = modelPreset(name);
    assertEquals(valueOf(parameterCount(model), model), count, name);
  }
});

Deno.test("parameters follow every switch of the configuration", () => {
  const names = (model: ModelShape) => parameterComponents(model).map(({ name }) => name);
  const count = (model: ModelShape) => valueOf(parameterCount(model), model);
  const base = count(tiny);
  assertEquals(base, BigInt(11 * 8 * 2 + 3 * (2 * 8 + 2 * 8 * 8 + 2 * 4 * 8 + 3 * 5 * 8) + 8));
  assertEquals(base - count({ ...tiny, tied_embeddings: true }), 88n);
  assertEquals(base - count({ ...tiny, norm: "none" }), 56n);
  assertEquals(base - count({ ...tiny, ffn: "silu" }), 120n);
  assertEquals(base - count({ ...tiny, ffn: "relu2" }), 120n);
  assertEquals(count({ ...tiny, qk_norm: true }) - base, 12n); // three layers, two norms, heads of two
  assertEquals(count({ ...tiny, norm: "post" }), base);
  assertEquals(count({ ...tiny, position: "none" }), base);
  assertEquals(count({ ...tiny, num_kv_heads: 4 }) - base, 192n);
  assertEquals(names({ ...tiny, ffn: "silu", norm: "none", tied_embeddings: true }), [
    "token_embeddings.weight",
    "layers.*.attn.q_proj.weight",
    "layers.*.attn.k_proj.weight",
    "layers.*.attn.v_proj.weight",
    "layers.*.attn.output_proj.weight",
    "layers.*.ffn.w1.weight",
    "layers.*.ffn.w2.weight",
  ]);
});

Deno.test("matrix products name their shapes and count 2 m k n", () => {
  const products = matrixProducts(tiny, trainingPositions("full"));
  assertEquals(products.map(({ name, shapes }) => [name, shapes]), [
    ["query projection", "(b c × d) (d × d)"],
    ["key projection", "(b c × d) (d × h_kv d_h)"],
    ["value projection", "(b c × d) (d × h_kv d_h)"],
    ["attention scores", "b h × (c × d_h) (d_h × c)"],
    ["weighted sum of values", "b h × (c × c) (c × d_h)"],
    ["output projection", "(b c × d) (d × d)"],
    ["W1", "(b c × d) (d × d_ff)"],
    ["W3", "(b c × d) (d × d_ff)"],
    ["W2", "(b c × d_ff) (d_ff × d)"],
    ["output head", "(b c × d) (d × V)"],
  ]);
  const flops = Object.fromEntries(products.map(({ name, count }) => [name, valueOf(count, tiny, {}, 7)]));
  assertEquals(flops["key projection"], BigInt(3 * 2 * 7 * 6 * 8 * 4));
  assertEquals(flops["attention scores"], BigInt(3 * 7 * 4 * 2 * 6 * 2 * 6));
  assertEquals(flops["W2"], BigInt(3 * 2 * 7 * 6 * 5 * 8));
  assertEquals(flops["output head"], BigInt(2 * 7 * 6 * 8 * 11));
});

Deno.test("causal attention counts the pairs that the mask leaves, counted one by one", () => {
  let pairs = 0;
  for (let query = 0; query < 6; query++) for (let key = 0; key < 6; key++) if (key <= query) pairs++;
  const scores = matrixProducts(tiny, trainingPositions("causal")).find(({ name }) => name === "attention scores")!;
  assertEquals(valueOf(scores.count, tiny), BigInt(3 * 4 * 2 * 2 * pairs));
});

Deno.test("activations follow the handout's list, summed by hand for one configuration", () => {
  const rows = 7 * 6;
  const perLayer = 2 * 8 + 8 + 4 + 4 + 2 * 4 * 6 + 8 + 8 + 4 * 5 + 8;
  const stored = total(activationComponents(tiny, "stored"));
  assertEquals(valueOf(stored, tiny, {}, 7), BigInt(rows * (3 * perLayer + 8 + 2 * 11)));
  const fused = total(activationComponents(tiny, "fused"));
  assertEquals(valueOf(stored, tiny, {}, 7) - valueOf(fused, tiny, {}, 7), BigInt(rows * 3 * (2 * 4 * 6 - 4)));
  const plain = total(activationComponents({ ...tiny, norm: "none", ffn: "silu" }, "stored"));
  assertEquals(valueOf(plain, tiny, {}, 7), BigInt(rows * (3 * (perLayer - 2 * 8 - 2 * 5) + 2 * 11)));
});

Deno.test("training memory is 16 bytes a parameter in either precision, and activations of 4 or 2 bytes", () => {
  const parameters = valueOf(parameterCount(tiny), tiny);
  const activations = valueOf(total(activationComponents(tiny, "fused")), tiny);
  for (const [precision, weights, optimizer, each] of [["float32", 4n, 8n, 4n], ["bfloat16", 2n, 12n, 2n]] as const) {
    const memory = trainingMemory(tiny, precision, "fused");
    assertEquals(valueOf(memory.weights, tiny), weights * parameters);
    assertEquals(valueOf(memory.gradients, tiny), weights * parameters);
    assertEquals(valueOf(memory.optimizerState, tiny), optimizer * parameters);
    assertEquals(valueOf(memory.constant, tiny), 16n * parameters);
    assertEquals(valueOf(memory.activations, tiny), each * activations);
    assertEquals(valueOf(memory.total, tiny), 16n * parameters + each * activations);
  }
});

Deno.test("with Muon the matrices within blocks have one moment, all else two", () => {
  const parameters = valueOf(parameterCount(tiny), tiny);
  const besides = BigInt(2 * 11 * 8 + 3 * 2 * 8 + 8); // embedding and head, two norms in each layer, the last
  const state = (precision: "float32" | "bfloat16") =>
    valueOf(trainingMemory(tiny, precision, "fused", "muon").optimizerState, tiny);
  assertEquals(state("float32"), 4n * (parameters + besides));
  assertEquals(state("bfloat16"), 4n * (2n * parameters + besides));
});

Deno.test("Muon costs five iterations of three products for each matrix, and AdamW's 13 FLOPs for each other parameter", () => {
  // [smaller side, larger side, whether taller than wide] of q, k, v, output, w1, w3, w2 in d 8, keys of 4, d_ff 5
  const matrices = [[8, 8], [4, 8], [4, 8], [8, 8], [5, 8], [5, 8], [5, 8]];
  const products = matrices.reduce((sum, [s, l]) => sum + 5 * (4 * s * s * l + 2 * s ** 3), 0);
  // Clip, momentum 1 + 2, look ahead 2, norm 2, division, decay, step 2; then what alpha and beta add, and the scale of
  // the one tall matrix, w2.
  const elementwise = matrices.reduce((sum, [s, l]) => sum + 12 * s * l + 3 + 5 * (3 * s * s + 2 * s * l), 0);
  const besides = 2 * 11 * 8 + 3 * 2 * 8 + 8;
  assertEquals(valueOf(muonFlops(tiny), tiny), BigInt(3 * (products + elementwise + 8 * 5) + 13 * besides));
});

Deno.test("AdamW costs 13 FLOPs a parameter", () => {
  assertEquals(valueOf(adamwFlops(tiny), tiny), 13n * valueOf(parameterCount(tiny), tiny));
});

Deno.test("generating costs the prefill and every decoding step, summed one by one", () => {
  const p = 4n, g = 5n;
  let flops = valueOf(prefillFlops(tiny, "causal"), tiny, { p });
  for (let t = p + 1n; t < p + g; t++) flops += valueOf(decodeFlops(tiny), tiny, { t });
  assertEquals(valueOf(generationFlops(tiny, "causal"), tiny, { p, g }), flops);
});

Deno.test("decoding with a cache costs what one more row of the whole pass costs", () => {
  const whole = (length: number) => {
    const inBlocks = matrixProducts(tiny, trainingPositions("causal")).filter(({ part }) => part !== "head");
    return evaluate(total(inBlocks), valuesOf(tiny, 1, length));
  };
  const head = 2n * 8n * 11n;
  assertEquals(valueOf(decodeFlops(tiny), tiny, { t: 6n }), whole(6) - whole(5) + head);
});

Deno.test("the KV cache and a decoding step's reads, counted by hand", () => {
  assertEquals(valueOf(kvCacheBytes(tiny, "float32"), tiny, { t: 5n }, 7), BigInt(4 * 2 * 3 * 7 * 5 * 4));
  assertEquals(valueOf(kvCacheBytes(tiny, "bfloat16"), tiny, { t: 5n }, 7), BigInt(2 * 2 * 3 * 7 * 5 * 4));
  const parameters = valueOf(parameterCount(tiny), tiny);
  assertEquals(
    valueOf(decodeBytes(tiny, "float32"), tiny, { t: 5n }, 7),
    4n * (parameters - 88n + 56n) + BigInt(4 * 2 * 3 * 7 * 5 * 4),
  );
  const tied = { ...tiny, tied_embeddings: true };
  assertEquals(
    valueOf(decodeBytes(tied, "float32"), tied, { t: 5n }),
    4n * (parameters - 88n) + BigInt(4 * 2 * 3 * 5 * 4),
  );
});

Deno.test("formulas print as a person would write them", () => {
  const model = modelPreset("gpt2-xl");
  assertEquals(formatExpression(normalForm(parameterCount(model))), "d (n (2 + 4 d + 3 d_ff) + 2 V + 1)");
  const flops = total(matrixProducts(model, trainingPositions("full")));
  assertEquals(formatExpression(normalForm(flops)), "2 b c d (n (4 d + 2 c + 3 d_ff) + V)");
});
