import { assert, assertEquals } from "@std/assert";
import { evaluate } from "../../lib/accounting/expression.ts";
import { total } from "../../lib/accounting/component.ts";
import { implementationMemory, keptActivations, keptBytes } from "../../lib/accounting/implementation_memory.ts";
import { type ModelShape, valuesOf } from "../../lib/accounting/model_shape.ts";
import { openDevice } from "../../ffi/devices.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { AdamW } from "../../lib/optim/adamw.ts";
import { Muon } from "../../lib/optim/muon.ts";
import { Device } from "../../lib/tensor/device.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { randomModel, variants } from "./random_models.ts";

// Trains one step and reads off what the device handed out.
function measureStep(device: Device, shape: ModelShape, batchSize: number) {
  using model = new TransformerLM(device, shape);
  using _optimizer = new AdamW(model.parameters);
  const before = device.memory.usedBytes;
  using tape = new Tape(device);
  const ids = () => tape.integers(new Int32Array(batchSize * shape.context_length), [batchSize, shape.context_length]);
  const loss = model.loss(tape, ids(), ids());
  const kept = device.memory.usedBytes - before;
  tape.backward(loss);
  return { before: BigInt(before), kept: BigInt(kept), peak: BigInt(device.memory.peakBytes) };
}

function assertMemory(device: Device, shape: ModelShape, batchSize: number) {
  const values = valuesOf(shape, batchSize);
  const predicted = implementationMemory(shape, values);
  assertEquals(measureStep(device, shape, batchSize), {
    before: predicted.weights + predicted.gradients + predicted.optimizerState + predicted.constants,
    kept: keptBytes(keptActivations(shape), values),
    peak: predicted.total,
  }, `${JSON.stringify(shape)}, batch ${batchSize}`);
}

Deno.test("the memory that a training step uses is the predicted, byte for byte: 50 random models", () => {
  const random = new Random(4);
  for (let i = 0; i < 50; i++) {
    using device = new Device(new ReferenceBackend());
    assertMemory(device, randomModel(random), 1 + random.below(5));
  }
});

Deno.test("the memory that a training step uses is the predicted, byte for byte: every variant", () => {
  for (const variant of variants) {
    using device = new Device(new ReferenceBackend());
    assertMemory(device, {
      vocab_size: 13,
      context_length: 4,
      num_layers: 2,
      d_model: 12,
      num_heads: 3,
      num_kv_heads: 3,
      d_ff: 20,
      ...variant,
    }, 2);
  }
});

Deno.test("the memory that a training step uses on the real cpu device is the predicted", () => {
  using device = openDevice("cpu", { threads: 1 });
  assertMemory(device, {
    vocab_size: 500,
    context_length: 32,
    num_layers: 2,
    d_model: 64,
    num_heads: 4,
    num_kv_heads: 4,
    d_ff: 192,
    norm: "pre",
    position: "rope",
    ffn: "swiglu",
    qk_norm: false,
    tied_embeddings: false,
  }, 4);
});

Deno.test("where lengths are multiples of 16, kept bytes are the formula's but for the loss, which is aligned", () => {
  const shape: ModelShape = {
    vocab_size: 48,
    context_length: 16,
    num_layers: 3,
    d_model: 32,
    num_heads: 4,
    num_kv_heads: 2,
    d_ff: 40,
    norm: "pre",
    position: "rope",
    ffn: "swiglu",
    qk_norm: false,
    tied_embeddings: false,
  };
  const kept = keptActivations(shape);
  const values = valuesOf(shape, 3);
  assertEquals(keptBytes(kept, values), evaluate(total(kept), values) + 60n);
});

Deno.test("the memory of a step in bfloat16 is at least the predicted, and little more: 50 random models", () => {
  const random = new Random(6);
  for (let i = 0; i < 50; i++) {
    const shape = { ...randomModel(random), vocab_size: 1 + random.below(5000), context_length: 1 + random.below(200) };
    const batchSize = 1 + random.below(5);
    for (const name of ["adamw", "muon"] as const) {
      using device = new MetaDevice();
      using model = new TransformerLM(device, shape, { dtype: "bf16" });
      using _optimizer = name === "adamw" ? new AdamW(model.parameters) : new Muon(model.parameters);
      using tape = new Tape(device, { dtype: "bf16" });
      const ids = () =>
        tape.integers(new Int32Array(batchSize * shape.context_length), [batchSize, shape.context_length]);
      tape.backward(model.loss(tape, ids(), ids()));
      const { total } = implementationMemory(shape, valuesOf(shape, batchSize), name, "bfloat16");
      const ratio = device.memory.peakBytes / Number(total);
      assert(1 <= ratio && ratio < 1.1, `${ratio} of the predicted: ${JSON.stringify(shape)}, ${batchSize}, ${name}`);
    }
  }
});
