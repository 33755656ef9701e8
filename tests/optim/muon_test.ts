import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { Muon } from "../../lib/optim/muon.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import type { Slice } from "../../lib/tensor/slice.ts";

const config = { vocab_size: 11, context_length: 6, num_layers: 2, d_model: 8, num_heads: 2, d_ff: 12, qk_norm: true };

function open() {
  const device = new Device(new ReferenceBackend());
  const model = new TransformerLM(device, config, { seed: 3 });
  const random = new Random(4);
  return {
    device,
    parameters: model.parameters,
    newGradients(scale = 1) {
      const { gradients } = model.parameters;
      device.upload(gradients!, Float32Array.from({ length: gradients!.length }, () => scale * random.normal()));
    },
    [Symbol.dispose]() {
      model[Symbol.dispose]();
      device[Symbol.dispose]();
    },
  };
}

const isMatrix = (name: string) => name.startsWith("layers.") && !/ln\d|_norm/.test(name);

Deno.test("Muon has one moment for each matrix of a block and two for every other parameter", () => {
  using lab = open();
  using optimizer = new Muon(lab.parameters);
  const names = [...lab.parameters.named.keys()];
  assertEquals(names.filter(isMatrix).length, 2 * 7);
  for (const [name, { weights }] of lab.parameters.named) {
    const { first, second } = optimizer.momentsOf(weights);
    assertEquals([first.length, second?.length], [weights.length, isMatrix(name) ? undefined : weights.length], name);
  }
  assertThrows(() => optimizer.momentsOf(lab.parameters.gradients!), RangeError, "not the weights of a parameter");
});

Deno.test("a step has the same length for every matrix of a shape, whatever the gradients' size", () => {
  for (const scale of [1e-3, 1e3]) {
    using lab = open();
    using optimizer = new Muon(lab.parameters, { weightDecay: 0, learningRateRatio: 10 });
    const before = lab.parameters.state();
    lab.newGradients(scale);
    optimizer.step({ learningRate: 0.01 });
    const after = lab.parameters.state();
    for (const [name, { shape: [rows, columns] }] of [...lab.parameters.named].filter(([name]) => isMatrix(name))) {
      const change = after.get(name)!.map((value, i) => value - before.get(name)![i]);
      // Singular values near 1, times the rate and sqrt(max(1, rows / columns)).
      const expected = 0.1 * Math.sqrt(Math.min(rows, columns)) * Math.sqrt(Math.max(1, rows / columns));
      const ratio = Math.hypot(...change) / expected;
      assert(0.68 < ratio && ratio < 1.21, `${name}: ${ratio}`);
    }
  }
});

Deno.test("Muon shrinks matrices by their own learning rate times weight decay", () => {
  using lab = open();
  using optimizer = new Muon(lab.parameters, { weightDecay: 0.5, learningRateRatio: 20 });
  const before = lab.parameters.state();
  lab.device.fill({ x: lab.parameters.gradients!, value: 0 });
  optimizer.step({ learningRate: 0.01 });
  for (const [name, values] of lab.parameters.state()) {
    const kept = 1 - (isMatrix(name) ? 0.2 : 0.01) * 0.5;
    values.forEach((value, i) => assertAlmostEquals(value, kept * before.get(name)![i], 1e-6, name));
  }
});

Deno.test("Muon continues from its moments exactly as if it had not stopped", () => {
  using stopped = open();
  using whole = open();
  const step = (lab: ReturnType<typeof open>, optimizer: Muon) => {
    lab.newGradients();
    optimizer.step({ learningRate: 1e-3 });
  };
  using throughout = new Muon(whole.parameters);
  for (let i = 0; i < 4; i++) step(whole, throughout);
  using before = new Muon(stopped.parameters);
  for (let i = 0; i < 2; i++) step(stopped, before);
  using after = new Muon(stopped.parameters);
  for (const { weights } of stopped.parameters.named.values()) {
    const [from, to] = [before, after].map((optimizer) => optimizer.momentsOf(weights));
    stopped.device.copy({ source: from.first, destination: to.first });
    if (from.second) stopped.device.copy({ source: from.second, destination: to.second! });
  }
  after.resumeAt(before.steps);
  for (let i = 0; i < 2; i++) step(stopped, after);
  assertEquals(after.steps, 4);
  assertEquals(stopped.parameters.state(), whole.parameters.state());
});

Deno.test("a gradient's scale in device memory does what scaled gradients do", () => {
  const weights = (scaled: boolean) => {
    using lab = open();
    using optimizer = new Muon(lab.parameters);
    using arena = lab.device.arena("scale");
    const factor: Slice = arena.alloc(1, "f32");
    lab.device.fill({ x: factor, value: 0.25 });
    for (let i = 0; i < 3; i++) {
      lab.newGradients(scaled ? 1 : 0.25);
      optimizer.step({ learningRate: 1e-3, gradientScale: scaled ? factor : undefined });
    }
    return lab.parameters.state();
  };
  const [inMemory, beforehand] = [weights(true), weights(false)];
  for (const [name, values] of inMemory) {
    values.forEach((value, i) => assertAlmostEquals(value, beforehand.get(name)![i], 1e-5));
  }
});

Deno.test("Muon refuses settings and parameters that cannot be, and gives its memory back", () => {
  using lab = open();
  const { parameters } = lab;
  const { reservedBytes } = lab.device.memory;
  assertThrows(() => new Muon(parameters, { momentum: 1 }), RangeError, "momentum is 1");
  assertThrows(() => new Muon(parameters, { learningRateRatio: 0 }), RangeError, "learningRateRatio is 0");
  assertThrows(() => new Muon(parameters, { beta2: 2 }), RangeError, "Cannot make Muon: beta2 is 2");
  const { device, weights, gradients } = parameters;
  assertThrows(
    () => new Muon({ device, weights, gradients, named: new Map() }),
    RangeError,
    "no parameter is a matrix",
  );
  {
    using frozen = new TransformerLM(lab.device, config, { trainable: false });
    assertThrows(() => new Muon(frozen.parameters), RangeError, "no gradients");
  }
  {
    using optimizer = new Muon(parameters);
    assertThrows(() => optimizer.resumeAt(1.5), RangeError, "step is 1.5");
    const { reservedBytes: during } = lab.device.memory;
    lab.newGradients();
    for (let i = 0; i < 3; i++) optimizer.step({ learningRate: 1e-3 });
    assertEquals(lab.device.memory.reservedBytes, during);
  }
  assertEquals(lab.device.memory.reservedBytes, reservedBytes);
});
