import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { AdamW } from "../../lib/optim/adamw.ts";
import { clipGradNorm, GradientClipper } from "../../lib/optim/clip_grad_norm.ts";
import { cosineSchedule } from "../../lib/optim/cosine_schedule.ts";
import { linearSchedule } from "../../lib/optim/linear_schedule.ts";
import { Muon } from "../../lib/optim/muon.ts";
import { Sgd } from "../../lib/optim/sgd.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { reference } from "../fixtures/reference_tensors.ts";

function open(values: number[], gradients: number[]) {
  const device = new Device(new ReferenceBackend());
  const arena = device.arena("test");
  const parameters = {
    device,
    weights: arena.alloc(values.length, "f32"),
    gradients: arena.alloc(values.length, "f32"),
    [Symbol.dispose]: () => device[Symbol.dispose](),
  };
  device.upload(parameters.weights, Float32Array.from(values));
  device.upload(parameters.gradients, Float32Array.from(gradients));
  return parameters;
}

Deno.test("cosineSchedule() gives the handout's learning rates", () => {
  const { max_lr, min_lr, warmup, cosine } = reference.lm;
  const schedule = { maxLearningRate: max_lr, minLearningRate: min_lr, warmupSteps: warmup, cosineSteps: cosine };
  reference.learning_rates.forEach((expected, step) => {
    assertAlmostEquals(cosineSchedule(step, schedule), expected, 1e-12);
  });
  assertEquals(cosineSchedule(3, { ...schedule, cosineSteps: 3 }), min_lr);
  assertThrows(() => cosineSchedule(0, { ...schedule, cosineSteps: 2 }), RangeError, "warmupSteps 3");
});

Deno.test("linearSchedule() rises, stays, and falls along a line to the end", () => {
  const schedule = { maxLearningRate: 1, minLearningRate: 0.2, warmupSteps: 2, decaySteps: 4, lastStep: 10 };
  const rates = Array.from({ length: 13 }, (_, step) => linearSchedule(step, schedule));
  compareClose(rates, [0, 0.5, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2]);
  assertEquals(linearSchedule(9, { ...schedule, decaySteps: 0 }), 1);
  assertEquals(linearSchedule(10, { ...schedule, decaySteps: 0 }), 0.2);
  assertThrows(() => linearSchedule(0, { ...schedule, decaySteps: 9 }), RangeError, "decaySteps 9, lastStep 10");
});

Deno.test("AdamW continues from its state exactly as if it had not stopped", () => {
  using stopped = open([1, -2, 3], [0.1, 0.2, -0.3]);
  using whole = open([1, -2, 3], [0.1, 0.2, -0.3]);
  using throughout = new AdamW(whole);
  for (let step = 0; step < 4; step++) throughout.step({ learningRate: 1e-2 });
  using before = new AdamW(stopped);
  for (let step = 0; step < 2; step++) before.step({ learningRate: 1e-2 });
  using after = new AdamW(stopped);
  after.load(before.state());
  for (let step = 0; step < 2; step++) after.step({ learningRate: 1e-2 });
  compareClose(stopped.device.download(stopped.weights), whole.device.download(whole.weights));
  assertEquals(after.steps, 4);
});

Deno.test("AdamW shrinks the weights by learning rate times weight decay, apart from the gradient", () => {
  using parameters = open([2], [0]);
  using optimizer = new AdamW(parameters, { weightDecay: 0.5 });
  optimizer.step({ learningRate: 0.1 });
  assertAlmostEquals(parameters.device.download(parameters.weights)[0], 2 * (1 - 0.05), 1e-6);
});

Deno.test("optimizers refuse settings and states that cannot be", () => {
  using parameters = open([1, 2], [1, 2]);
  assertThrows(() => new AdamW(parameters, { beta1: 1 }), RangeError, "beta1 is 1");
  assertThrows(() => new AdamW(parameters, { beta2: -0.1 }), RangeError, "beta2 is -0.1");
  assertThrows(() => new AdamW(parameters, { weightDecay: NaN }), RangeError, "weightDecay is NaN");
  assertThrows(() => new AdamW({ ...parameters, gradients: undefined }), RangeError, "no gradients");
  assertThrows(() => new Sgd({ ...parameters, gradients: undefined }), RangeError, "no gradients");
  using optimizer = new AdamW(parameters);
  const moments = new Float32Array(3);
  assertThrows(
    () => optimizer.load({ step: 1, firstMoments: moments, secondMoments: moments }),
    RangeError,
    "2 weights",
  );
  const right = new Float32Array(2);
  assertThrows(() => optimizer.load({ step: -1, firstMoments: right, secondMoments: right }), RangeError, "step is -1");
});

Deno.test("a learning rate that is none is refused before the step changes anything", () => {
  using parameters = open([1, 2, 3, 4], [1, 2, 3, 4]);
  const { device, weights, gradients } = parameters;
  const named = new Map([["w", { kind: "linear", shape: [2, 2], weights, gradients }]]);
  const optimizers = [new AdamW(parameters), new Sgd(parameters), new Muon({ ...parameters, named })];
  for (const optimizer of optimizers) {
    for (const learningRate of [-0.1, NaN, Infinity, undefined as unknown as number]) {
      assertThrows(() => optimizer.step({ learningRate }), RangeError, `learningRate is ${learningRate}`);
    }
    optimizer.step({ learningRate: 0 });
    assertEquals(optimizer.steps, 1);
  }
  compareClose(device.download(weights), [1, 2, 3, 4]);
});

Deno.test("schedules refuse numbers that are missing, negative or none", () => {
  const cosine = { maxLearningRate: 1, minLearningRate: 0.1, warmupSteps: 2, cosineSteps: 10 };
  assertThrows(() => cosineSchedule(-1, cosine), RangeError, "step is -1");
  assertThrows(() => cosineSchedule(NaN, cosine), RangeError, "step is NaN");
  assertThrows(() => cosineSchedule(0, { ...cosine, warmupSteps: NaN }), RangeError, "warmupSteps is NaN");
  const linear = { maxLearningRate: -1, minLearningRate: 0.1, warmupSteps: 2, decaySteps: 2, lastStep: 10 };
  assertThrows(() => linearSchedule(0, linear), RangeError, "maxLearningRate is -1");
});

Deno.test("the moments of weights that an optimizer does not step are refused", () => {
  using parameters = open([1, 2, 3, 4], [1, 2, 3, 4]);
  const { device, weights, gradients } = parameters;
  using arena = device.arena("another model");
  const others = [arena.alloc(4, "f32"), device.arena("wide", 4096).alloc(4, "f32")];
  const named = new Map([["w", { kind: "linear", shape: [2, 2], weights, gradients }]]);
  for (const optimizer of [new AdamW(parameters), new Muon({ ...parameters, named })]) {
    assertEquals(optimizer.momentsOf(weights).first.length, 4);
    for (const other of others) {
      assertThrows(() => optimizer.momentsOf(other), RangeError, "Cannot find the moments");
    }
  }
});

Deno.test("SGD steps by the learning rate over the root of the step, times the gradient's scale", () => {
  using parameters = open([1, 1], [2, -4]);
  using optimizer = new Sgd(parameters);
  using clipper = new GradientClipper(parameters.device);
  clipper.measure(parameters.gradients, Math.sqrt(20) / 2);
  optimizer.step({ learningRate: 0.1, gradientScale: clipper.coefficient });
  optimizer.step({ learningRate: 0.1 });
  const second = 0.1 / Math.sqrt(2);
  compareClose(parameters.device.download(parameters.weights), [1 - 0.1 - 2 * second, 1 + 0.2 + 4 * second]);
});

Deno.test("clipGradNorm() takes the norm over all gradients and scales them only above the limit", () => {
  using parameters = open([3, 4, 12], [0, 0, 0]);
  const { device, weights } = parameters;
  const pieces = [weights.sub(0, 2), weights.sub(2, 1)];
  assertEquals(clipGradNorm(device, pieces, 13.5), 13);
  assertEquals(device.download(weights), new Float32Array([3, 4, 12]));
  assertEquals(clipGradNorm(device, pieces, 1.3), 13);
  compareClose(device.download(weights), [0.3, 0.4, 1.2]);
  assertThrows(() => clipGradNorm(device, pieces, 0), RangeError, "maxNorm is 0");
  assertThrows(() => clipGradNorm(device, [], 1), RangeError, "there are none; make the model with trainable: true");
  const ofUntrained: Slice | undefined = undefined;
  assertThrows(() => clipGradNorm(device, ofUntrained!, 1), RangeError, "there are none");
  using clipper = new GradientClipper(device);
  assertThrows(() => clipper.measure(pieces, 1), RangeError, "in 2 slices: the clipper was made for 1");
});

Deno.test("optimizers give their memory back", () => {
  using parameters = open([1, 2], [1, 2]);
  const { reservedBytes } = parameters.device.memory;
  {
    using _adamw = new AdamW(parameters);
    using _sgd = new Sgd(parameters);
    using _clipper = new GradientClipper(parameters.device);
  }
  assertEquals(parameters.device.memory.reservedBytes, reservedBytes);
});

function compareClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) assertAlmostEquals(actual[i], expected[i], 1e-6);
}
