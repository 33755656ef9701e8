import { assert, assertEquals } from "@std/assert";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { AdamW } from "../../lib/optim/adamw.ts";
import { Device } from "../../lib/tensor/device.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { operationCosts } from "../../lib/tensor/operation_costs.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { cases } from "../device_conformance/cases.ts";
import { Workbench } from "../device_conformance/workbench.ts";

Deno.test("MetaDevice has a cost for every operation of the conformance suite", () => {
  for (const [operation, named] of Object.entries(cases)) {
    for (const run of Object.values(named)) {
      using device = new MetaDevice();
      using bench = new Workbench(device, 1);
      run(bench);
      const counted = device.counts().find((count) => count.operation === operation);
      assert(counted !== undefined && counted.bytesWritten > 0n, operation);
    }
  }
  assertEquals(Object.keys(operationCosts).sort(), Object.keys(cases).sort());
});

Deno.test("MetaDevice counts a small matrix product exactly", () => {
  using device = new MetaDevice();
  using arena = device.arena("test");
  const [a, b, c] = [arena.alloc(6, "bf16"), arena.alloc(12, "bf16"), arena.alloc(8, "f32")];
  device.scope.component = "layers.1.attn.qkv";
  device.matmul({ a, b, c, m: 2, n: 4, k: 3, beta: 1 });
  device.scope.component = "layers.10.attn.qkv";
  device.matmul({ a, b, c, m: 2, n: 4, k: 3 });
  assertEquals(device.total({ component: "layers.1" }), {
    ...{ calls: 1, flops: 48n, skippedFlops: 0n, recomputedFlops: 0n, otherFlops: 8n },
    ...{ bytesRead: BigInt(2 * 6 + 2 * 12 + 4 * 8), bytesWritten: 32n },
  });
  assertEquals(device.total().calls, 2);
});

Deno.test("MetaDevice counts the pairs that causal attention computes, by brute force", () => {
  for (const [queryLength, keyLength] of [[5, 5], [1, 9], [3, 8]]) {
    using device = new MetaDevice();
    using arena = device.arena("test");
    const operand = (rows: number) => ({ slice: arena.alloc(rows * 8, "f32"), rowStride: 8, batchStride: rows * 8 });
    device.attention({
      ...{ batch: 1, queryLength, keyLength, numHeads: 2, numKvHeads: 2, headSize: 4, scale: 1, causal: true },
      ...{ q: operand(queryLength), k: operand(keyLength), v: operand(keyLength), out: operand(queryLength) },
      logSumExp: arena.alloc(2 * queryLength, "f32"),
    });
    let pairs = 0;
    for (let i = 0; i < queryLength; i++) {
      for (let j = 0; j < keyLength; j++) {
        pairs += j <= i + keyLength - queryLength ? 1 : 0;
      }
    }
    const { flops, skippedFlops } = device.total();
    assertEquals(flops, BigInt(2 * 2 * 2 * 4 * pairs)); // two products, two operations, two heads of 4
    assertEquals(flops + skippedFlops, BigInt(2 * 2 * 2 * 4 * queryLength * keyLength));
  }
});

Deno.test("totals stay exact beyond 2^53", () => {
  using device = new MetaDevice();
  using arena = device.arena("huge");
  const side = 3_000_001;
  const [a, b, c] = [0, 1, 2].map(() => arena.alloc(side * side, "bf16"));
  device.matmul({ a, b, c, m: side, n: side, k: side });
  assertEquals(device.total().flops, 2n * BigInt(side) ** 3n);
});

Deno.test("a training step takes as much memory on MetaDevice as on a device that computes", () => {
  const train = (device: Device) => {
    using model = new TransformerLM(device, {
      ...{ vocab_size: 50, context_length: 12, num_layers: 3, d_model: 32, num_heads: 4, d_ff: 48 },
    });
    using optimizer = new AdamW(model.parameters);
    using tape = new Tape(device);
    for (let step = 0; step < 3; step++) {
      tape.reset();
      const tokens = tape.integers(Array.from({ length: 24 }, (_, i) => i), [2, 12]);
      const loss = model.loss(tape, tokens, tokens);
      model.parameters.zeroGradients();
      tape.backward(loss);
      optimizer.step({ learningRate: 1e-3 });
    }
    return { ...device.memory, extentBytes: tape.arena.extentBytes };
  };
  using meta = new MetaDevice();
  using reference = new Device(new ReferenceBackend());
  assertEquals(train(meta), train(reference));
});

Deno.test("GPT-2 XL is measured in no memory: its parameters and FLOPs are those of the full accounting", () => {
  using device = new MetaDevice();
  using model = new TransformerLM(device, {
    ...{ vocab_size: 50_257, context_length: 1024, num_layers: 48, d_model: 1600, num_heads: 25, d_ff: 6400 },
  });
  using tape = new Tape(device, { recording: false });
  model.forward(tape, tape.empty([1, 1024], "i32"));
  const { flops, skippedFlops } = device.total();
  assertEquals(model.parameters.count, 2_127_057_600);
  assertEquals(flops + skippedFlops, 4_513_336_524_800n);
});

Deno.test("a model in bfloat16 trains with float32 gradients and weights besides, in half the activations' memory", () => {
  const extents = (["f32", "bf16"] as const).map((dtype) => {
    using device = new MetaDevice();
    using model = new TransformerLM(device, {
      ...{ vocab_size: 512, context_length: 64, num_layers: 2, d_model: 64, num_heads: 4, d_ff: 192 },
    }, { dtype });
    using optimizer = new AdamW(model.parameters);
    using tape = new Tape(device, { dtype });
    const [tokens, targets] = [tape.empty([8, 64], "i32"), tape.empty([8, 64], "i32")];
    tape.backward(model.loss(tape, tokens, targets));
    optimizer.step({ learningRate: 1e-3 });
    assertEquals(model.parameters.gradients!.dtype, "f32");
    assertEquals(model.parameters.lowPrecisionWeights?.dtype, dtype === "bf16" ? "bf16" : undefined);
    return tape.arena.extentBytes;
  });
  assert(Math.abs(extents[1] / extents[0] - 0.5) < 0.02, `${extents}`);
});
