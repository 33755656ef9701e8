import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { add } from "../../lib/model/add.ts";
import { type KeyValueCache, multiheadSelfAttention } from "../../lib/model/attention.ts";
import type { ModelConfigInput } from "../../lib/model/config_fields.ts";
import { crossEntropy, crossEntropyByRow } from "../../lib/model/cross_entropy.ts";
import { embedding } from "../../lib/model/embedding.ts";
import { feedForward, swiglu } from "../../lib/model/feed_forward.ts";
import { GenerationCache } from "../../lib/model/kv_cache.ts";
import { linear } from "../../lib/model/linear.ts";
import { rmsNorm } from "../../lib/model/rms_norm.ts";
import { ropeTable } from "../../lib/model/rope.ts";
import { silu } from "../../lib/model/silu.ts";
import { softmax } from "../../lib/model/softmax.ts";
import { TransformerLM, transformerLm } from "../../lib/model/transformer_lm.ts";
import { AdamW } from "../../lib/optim/adamw.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { compareNumbers } from "../device_conformance/conformance.ts";
import { variants } from "../device_conformance/trajectories.ts";

const small = { vocab_size: 31, context_length: 12, num_layers: 2, d_model: 16, num_heads: 4, d_ff: 24 };
const ids = Array.from({ length: 24 }, (_, i) => (i * i + 3) % 31);

function open(): Device {
  return new Device(new ReferenceBackend());
}

Deno.test("first weights depend on the seed alone and have the handout's spread", () => {
  using device = open();
  const config = { ...small, d_model: 64, d_ff: 96, vocab_size: 300 };
  using model = new TransformerLM(device, config, { seed: 5 });
  using same = new TransformerLM(device, config, { seed: 5 });
  using other = new TransformerLM(device, config, { seed: 6 });
  assertEquals(model.parameters.state(), same.parameters.state());
  assertNotEquals(model.parameters.state(), other.parameters.state());
  // A normal distribution truncated at three deviations keeps 0.9866 of its deviation.
  for (const [name, deviation] of [["token_embeddings", 1], ["layers.1.ffn.w2", Math.sqrt(2 / 160)]] as const) {
    const weights = model.parameters.state().get(`${name}.weight`)!;
    assert(weights.every((weight) => Math.abs(weight) <= 3 * deviation + 1e-6));
    const spread = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0) / weights.length);
    assertAlmostEquals(spread / deviation, 0.9866, 0.03);
  }
  assert(model.parameters.state().get("ln_final.weight")!.every((weight) => weight === 1));
});

Deno.test("embedding_std and output_init change the deviations of their own parameters and no other number", () => {
  using device = open();
  const config = { ...small, num_layers: 8 };
  const state = (changes: Partial<ModelConfigInput>) => {
    using model = new TransformerLM(device, { ...config, ...changes }, { seed: 5 });
    return model.parameters.state();
  };
  const usual = state({});
  const expected: [Partial<ModelConfigInput>, (name: string) => number][] = [
    [{ embedding_std: 0.25 }, (name) => name === "token_embeddings.weight" ? 0.25 : 1],
    [{ output_init: "depth_scaled" }, (name) => /output_proj|w2/.test(name) ? 0.25 : 1], // 1 / sqrt(2 * 8)
    [{ output_init: "zero" }, (name) => /output_proj|w2/.test(name) ? 0 : 1],
  ];
  for (const [changes, factorOf] of expected) {
    for (const [name, weights] of state(changes)) {
      const scaled = usual.get(name)!.map((weight) => weight * factorOf(name));
      compareNumbers(name, scaled, weights, 1e-7);
    }
  }
});

Deno.test("parameters have the names of the CS336 state dict", () => {
  using device = open();
  using model = new TransformerLM(device, { ...small, num_layers: 1 });
  assertEquals([...model.parameters.named.keys()].sort(), [
    ...["layers.0.attn.k_proj.weight", "layers.0.attn.output_proj.weight", "layers.0.attn.q_proj.weight"],
    ...["layers.0.attn.v_proj.weight", "layers.0.ffn.w1.weight", "layers.0.ffn.w2.weight", "layers.0.ffn.w3.weight"],
    ...["layers.0.ln1.weight", "layers.0.ln2.weight", "lm_head.weight", "ln_final.weight", "token_embeddings.weight"],
  ]);
  assertEquals(model.parameters.count, 2 * 31 * 16 + 4 * 16 * 16 + 3 * 16 * 24 + 3 * 16);
  using normed = new TransformerLM(device, { ...small, num_layers: 1, qk_norm: true });
  const added = [...normed.parameters.named].filter(([name]) => !model.parameters.named.has(name));
  assertEquals(added.map(([name, { shape }]) => [name, ...shape]), [
    ["layers.0.attn.q_norm.weight", 4],
    ["layers.0.attn.k_norm.weight", 4],
  ]);
});

Deno.test("add() refuses tensors of two shapes, also where they have as many elements", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  const [x, y] = [tape.tensor([1, 2, 3, 4, 5, 6], [2, 3]), tape.tensor([1, 2, 3, 4, 5, 6], [3, 2])];
  assertThrows(() => add(tape, x, y), RangeError, "Cannot add: x is [2, 3], y [3, 2]");
});

Deno.test("attention with norms refuses weights that do not make heads of the norms' size", () => {
  using device = open();
  using tape = new Tape(device);
  const tensor = (...shape: number[]) => tape.tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  const [x, output, four, two] = [tensor(3, 8), tensor(8, 8), tensor(4), tensor(2)];
  const qkv = [tensor(8, 8), tensor(4, 8), tensor(4, 8)];
  const options = { numHeads: 2, numKvHeads: 1 };
  multiheadSelfAttention(tape, x, { qkv, norms: { q: four, k: four }, output }, options);
  for (
    const weights of [
      { qkv, norms: { q: four, k: two } },
      { qkv: [tensor(16, 8)], norms: { q: four, k: four } },
      { qkv, norms: { q: two, k: two } },
    ]
  ) {
    assertThrows(
      () => multiheadSelfAttention(tape, x, { ...weights, output }, options),
      RangeError,
      "the norms are for heads of",
    );
  }
  assertThrows(() => rmsNorm(tape, x, tensor(3)), RangeError, "the weight is [3], x [3, 8]");
});

for (
  const [variant, changes] of Object.entries({
    ...variants,
    grouped_queries: { num_kv_heads: 1 },
    qk_norm: { qk_norm: true, num_kv_heads: 2 },
    relu2: { ffn: "relu2" as const },
  })
) {
  Deno.test(`the ${variant} model gives the same logits with a cache, token by token and in pieces, as without`, () => {
    using device = open();
    using model = new TransformerLM(device, { ...small, ...changes });
    const [batch, length] = [2, 12];
    using tape = new Tape(device, { recording: false });
    const whole = tape.read(model.forward(tape, tape.integers(ids, [batch, length])));
    const width = model.config.num_kv_heads * 4;
    const capacity = 15; // more than is used
    const caches: KeyValueCache[] = Array.from({ length: 2 }, () => ({
      keys: tape.arena.alloc(batch * capacity * width, "f32"),
      values: tape.arena.alloc(batch * capacity * width, "f32"),
      capacity,
      length: 0,
    }));
    for (const [start, end] of [[0, 5], [5, 6], [6, 7], [7, 12]]) {
      const piece = [0, 1].flatMap((b) => ids.slice(b * length + start, b * length + end));
      const tokens = tape.integers(piece, [batch, end - start]);
      const logits = model.forward(tape, tokens, { position: start, caches, lastOnly: true });
      assertEquals(logits.shape, [batch, 1, 31]);
      const expected = [0, 1].flatMap((b) => [...whole.subarray((b * length + end - 1) * 31, (b * length + end) * 31)]);
      compareNumbers(`logits of position ${end - 1}`, expected, tape.read(logits), 1e-6);
      for (const cache of caches) cache.length = end;
    }
  });

  Deno.test(`the ${variant} model gives the same logits whether the tape records or not`, () => {
    using device = open();
    using model = new TransformerLM(device, { ...small, ...changes });
    using training = new Tape(device);
    using inference = new Tape(device, { recording: false });
    const [a, b] = [training, inference].map((tape) => tape.read(model.forward(tape, tape.integers(ids, [2, 12]))));
    assertEquals(a, b);
  });
}

Deno.test("inference holds no more memory for more layers", () => {
  using device = open();
  const extents = [2, 6].map((num_layers) => {
    using model = new TransformerLM(device, { ...small, num_layers });
    using tape = new Tape(device, { recording: false });
    model.forward(tape, tape.integers(ids, [2, 12]));
    return tape.arena.extentBytes;
  });
  assertEquals(extents[0], extents[1]);
});

Deno.test("two half batches accumulate the gradient of the whole batch", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  using tape = new Tape(device);
  const gradient = (pieces: number[][]) => {
    model.parameters.zeroGradients();
    for (const piece of pieces) {
      const tokens = tape.integers(piece, [piece.length / 12, 12]);
      tape.backward(model.loss(tape, tokens, tokens, { gradientScale: 1 / pieces.length }));
    }
    return device.download(model.parameters.gradients!);
  };
  compareNumbers("gradient", gradient([ids]), gradient([ids.slice(0, 12), ids.slice(12)]), 1e-6);
});

Deno.test("a parameter that a loss does not reach has the gradient 0, not that of the step before", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  const { parameters } = model;
  using tape = new Tape(device);
  const tokens = tape.integers(ids, [2, 12]);
  tape.backward(model.loss(tape, tokens, tokens));
  assert(device.download(parameters.gradients!).every(Number.isFinite));
  parameters.zeroGradients();
  const embedded = embedding(tape, tape.integers([3], [1]), parameters.group("token_embeddings.weight"));
  tape.backward(embedded);
  const all = device.download(parameters.gradients!);
  const { gradients } = parameters.named.get("token_embeddings.weight")!;
  const reached = device.download(gradients!);
  assertEquals(reached.reduce((sum, x) => sum + x, 0), small.d_model);
  assertEquals(all.reduce((sum, x) => sum + Math.abs(x), 0), small.d_model);
});

Deno.test("a hundred training steps take no more memory than the first, and the end gives all of it back", () => {
  using device = open();
  {
    using model = new TransformerLM(device, { ...small, num_layers: 1 });
    using optimizer = new AdamW(model.parameters, { weightDecay: 0 });
    using tape = new Tape(device);
    const losses: number[] = [];
    let reserved = 0;
    for (let step = 0; step < 100; step++) {
      tape.reset();
      const tokens = tape.integers(ids.slice(0, 8), [1, 8]);
      const loss = model.loss(tape, tokens, tape.integers(ids.slice(1, 9), [1, 8]));
      losses.push(tape.read(loss)[0]);
      model.parameters.zeroGradients();
      tape.backward(loss);
      optimizer.step({ learningRate: 3e-2 });
      if (step === 0) reserved = device.memory.reservedBytes;
      assertEquals(device.memory.reservedBytes, reserved);
    }
    assert(losses[99] < 0.01, `the loss of one batch is ${losses[99]} after 100 steps`);
  }
  assertEquals([device.memory.reservedBytes, device.memory.usedBytes], [0, 0]);
});

Deno.test("crossEntropyByRow() gives the losses whose mean is the loss", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  using tape = new Tape(device, { recording: false });
  const tokens = tape.integers(ids, [2, 12]);
  const rows = crossEntropyByRow(tape, model.forward(tape, tokens), tokens);
  assertEquals(rows.shape, [2, 12]);
  const mean = tape.read(rows).reduce((sum, loss) => sum + loss, 0) / 24;
  assertAlmostEquals(mean, tape.read(model.loss(tape, tokens, tokens))[0], 1e-6);
});

Deno.test("logits over which crossEntropy() has written their gradient are refused, not taken for logits", () => {
  using device = open();
  using tape = new Tape(device);
  const targets = tape.integers([1, 0]);
  const logits = () => linear(tape, tape.tensor([1, 2, 3, 4], [2, 2]), tape.tensor([1, 2, 3, 4], [2, 2]));
  const first = logits();
  const before = silu(tape, first); // its backward pass needs the logits as well
  crossEntropy(tape, first, targets);
  assertThrows(() => tape.read(first), RangeError, "crossEntropy() has written its gradient over it");
  assertThrows(() => crossEntropy(tape, first, targets), RangeError, "call that with keepLogits: true");
  assertThrows(() => tape.backward(before), RangeError, "has written its gradient over it");

  tape.reset();
  const [second, third] = [logits(), logits()];
  crossEntropy(tape, second, tape.integers([1, 0]), { keepLogits: true });
  assertEquals(tape.read(second), tape.read(third));
  using inference = new Tape(device, { recording: false });
  const fourth = inference.tensor([1, 2], [2, 1]);
  crossEntropy(inference, fourth, inference.integers([0, 0]));
  assertEquals(inference.read(fourth), new Float32Array([1, 2])); // without a gradient they stay
});

Deno.test("a cross entropy refuses a gradient's scale that is no number", () => {
  using device = open();
  using tape = new Tape(device);
  const [logits, targets] = [tape.tensor([1, 2], [1, 2]), tape.integers([0])];
  assertThrows(() => crossEntropy(tape, logits, targets, { gradientScale: NaN }), RangeError, "gradientScale is NaN");
});

Deno.test("layers refuse weights and inputs of shapes that are not theirs", () => {
  using device = open();
  using tape = new Tape(device);
  const tensor = (...shape: number[]) => tape.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const refuses = (run: () => unknown, message: string) => assertThrows(run, RangeError, message);
  refuses(() => rmsNorm(tape, tensor(2, 4), tensor(2, 4)), "the weight is [2, 4], x [2, 4]; the weight must be [d]");
  refuses(() => rmsNorm(tape, tensor(2, 4), tensor(3)), "the weight is [3], x [2, 4]");
  refuses(() => rmsNorm(tape, tensor(2, 4), tensor(4), -1), "epsilon is -1");
  // w1 and w3 with as many rows together as two of one size would have.
  const [x, down] = [tensor(1, 2), tensor(2, 3)];
  refuses(() => swiglu(tape, x, tensor(2, 2), down, tensor(4, 2)), "up is [2, 2], [4, 2]; give swiglu w1 and w3");
  refuses(() => feedForward(tape, x, { up: [tensor(3, 2)], down, kind: "swiglu" }), "up is [3, 2]");
  refuses(() => feedForward(tape, x, { up: [tensor(1, 2), tensor(2, 2)], down, kind: "silu" }), "relu2 one tensor");
  const weights = { qkv: [tensor(6, 2)], output: tensor(2, 2) };
  refuses(() => multiheadSelfAttention(tape, tensor(2), weights, { numHeads: 1 }), "x is [2]; give [..., T, d_model]");
  const uneven = { qkv: [tensor(1, 2), tensor(3, 2), tensor(2, 2)], output: tensor(2, 2) };
  refuses(() => multiheadSelfAttention(tape, x, uneven, { numHeads: 1 }), "make rows of 1, 3, 2; give three");
  const table = ropeTable(device, tape.arena, { theta: 1e4, headSize: 4, maxPositions: 4 });
  const rope = { table, positions: tape.integers([0]).slice };
  refuses(
    () => multiheadSelfAttention(tape, x, weights, { numHeads: 1, rope }),
    "heads have 2 elements, the rope table",
  );
  using model = new TransformerLM(device, { ...small, position: "none" });
  const blocks = model.weights.blocks.slice(1);
  refuses(
    () => transformerLm(tape, tape.integers([1], [1, 1]), { ...model.weights, blocks }, model.config),
    "the weights have 1 blocks, num_layers is 2",
  );
  refuses(() => softmax(tape, x, 0.5), "over dimension 0.5");
  const sizes = { headSize: 2, maxPositions: 4 };
  refuses(() => ropeTable(device, tape.arena, { ...sizes, theta: -1 }), "theta is -1; choose a number above 0");
  refuses(() => softmax(tape, tensor()), "x is []; give a tensor with a dimension");
});

Deno.test("a model refuses a configuration that is none, with every field that is wrong", () => {
  using device = open();
  const make = (config: object) => () => new TransformerLM(device, { ...small, ...config });
  assertThrows(make({ num_heads: 3 }), RangeError, "num_heads is 3, d_model 16; d_model must be a multiple");
  const error = assertThrows(make({ d_model: 0, norm: "both" }), RangeError) as RangeError;
  assert(/^Cannot make the model: d_model is 0: .*; norm is both: /.test(error.message), error.message);
  assertThrows(make({ numHeads: 4 }), RangeError, 'unrecognized key: "numHeads"');
});

Deno.test("both cross entropies refuse targets that are not one for each row", () => {
  using device = open();
  using tape = new Tape(device);
  const logits = tape.tensor([1, 2, 3, 4], [2, 2]);
  for (const compute of [crossEntropy, crossEntropyByRow]) {
    assertThrows(() => compute(tape, logits, tape.integers([0])), RangeError, "one target for each of the 2 rows");
  }
});

Deno.test("weights of another configuration are refused, and nothing is changed", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  using other = new TransformerLM(device, { ...small, d_ff: 32, tied_embeddings: true });
  const before = model.parameters.state();
  const error = assertThrows(() => model.parameters.load(other.parameters.state()), RangeError) as RangeError;
  assert(error.message.includes("lm_head.weight is missing"), error.message);
  assert(error.message.includes("layers.0.ffn.w1.weight has 512 elements, the model needs [24, 16]"), error.message);
  assertEquals(model.parameters.state(), before);
  const { reservedBytes } = device.memory;
  assertThrows(() => new TransformerLM(device, small, { state: other.parameters.state() }), RangeError, "missing");
  assertEquals(device.memory.reservedBytes, reservedBytes);
});

Deno.test("token ids that the vocabulary does not have are refused, with the place of the first", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  using tape = new Tape(device);
  assertEquals(model.tokens(tape, [0, 30]).shape, [1, 2]);
  for (const id of [31, -1, 1.5]) {
    assertThrows(() => model.tokens(tape, [4, id]), RangeError, `token 1 has the id ${id}, vocab_size is 31`);
  }
});

Deno.test("sequences longer than the context, and gradients through a cache, are refused", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  using tape = new Tape(device);
  assertThrows(() => model.forward(tape, tape.integers(ids, [1, 24])), RangeError, "context_length is 12");
  assertThrows(
    () => model.forward(tape, tape.integers([1, 2], [1, 2]), { position: 11 }),
    RangeError,
    "ends at position 13",
  );
  const cache = () => ({
    keys: tape.arena.alloc(16, "f32"),
    values: tape.arena.alloc(16, "f32"),
    capacity: 1,
    length: 0,
  });
  const caches = [cache(), cache()];
  assertThrows(() => model.forward(tape, tape.integers([1], [1, 1]), { caches }), RangeError, "while the tape records");
  using inference = new Tape(device, { recording: false });
  const two = inference.integers([1, 2], [1, 2]);
  assertThrows(() => model.forward(inference, two, { caches }), RangeError, "the cache holds 1");
});

Deno.test("tokens come after the positions in the caches, of which there is one for each layer", () => {
  using device = open();
  using model = new TransformerLM(device, small);
  using tape = new Tape(device, { recording: false });
  using cache = new GenerationCache(model, 1, 12);
  const whole = tape.read(model.forward(tape, model.tokens(tape, [5, 6, 7])));
  model.forward(tape, model.tokens(tape, [5, 6]), { caches: cache.layers });
  cache.length = 2;
  const last = () => model.tokens(tape, [7]);
  compareNumbers("logits", tape.read(model.forward(tape, last(), { caches: cache.layers })), whole.slice(2 * 31), 1e-5);
  const refuses = (options: Parameters<typeof model.forward>[2], message: string) =>
    assertThrows(() => model.forward(tape, last(), options), RangeError, message);
  refuses({ caches: cache.layers, position: 0 }, "a cache holds 2 positions, the tokens begin at position 0");
  refuses({ caches: cache.layers.slice(0, 1) }, "1 caches are given; give one for each of 2 layers");
  refuses({ caches: [] }, "0 caches are given");
  cache.layers[1].length = 1;
  refuses({ caches: cache.layers }, "a cache holds 1 positions, the tokens begin at position 2");
});
