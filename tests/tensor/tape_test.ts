import { assertEquals, assertThrows } from "@std/assert";
import { add } from "../../lib/model/add.ts";
import { silu } from "../../lib/model/silu.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { Tensor } from "../../lib/tensor/tensor.ts";

Deno.test("a sum shares its gradient until one of its terms must add to it", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  const [x, y] = [tape.tensor([1, 2], [2]), tape.tensor([3, 4], [2])];
  const twice = add(tape, x, x); // adds to the gradient of x after `add(x, y)` has shared it with y
  const out = add(tape, twice, add(tape, x, y));
  tape.backward(out);
  assertEquals(tape.readGradient(x), new Float32Array([3, 3]));
  assertEquals(tape.readGradient(y), new Float32Array([1, 1]));
});

Deno.test("after backward() only inputs and their gradients hold memory", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  const x = tape.tensor([1, 2, 3], [3]);
  let y = x;
  for (let i = 0; i < 5; i++) y = add(tape, silu(tape, y), x);
  tape.backward(y);
  assertEquals(device.memory.usedBytes, 2 * 64);
});

Deno.test("without recording, discard() frees a value at once", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device, { recording: false });
  let y = tape.tensor(Array.from({ length: 16 }, (_, i) => i), [16]);
  for (let i = 0; i < 10; i++) {
    const next = silu(tape, y);
    tape.discard(y);
    y = next;
  }
  assertEquals(device.memory.peakBytes, 3 * 64); // the input, which is the caller's, and two values
});

Deno.test("a tensor that nothing was computed from has no gradient to read", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  const [x, y] = [tape.tensor([1], [1]), tape.tensor([1], [1])];
  tape.backward(silu(tape, x));
  assertThrows(() => tape.readGradient(y), RangeError, "it has none");
});

Deno.test("numbers that do not fill the shape, and shapes that cannot be, are refused", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  assertThrows(() => tape.tensor([1, 2], [3]), RangeError, "shape [3]: it has 3 elements, 2 are given");
  assertThrows(() => tape.integers([1, 2, 3, 4], [1, 3]), RangeError, "shape [1, 3]: it has 3 elements, 4 are given");
  assertThrows(() => tape.tensor([], [0]), RangeError, "shape [0]: every size must be a whole number above 0");
  assertThrows(() => tape.tensor([1, 2, 3, 4], [-2, -2]), RangeError, "shape [-2, -2]: every size");
  assertThrows(() => tape.integers([1, 2, 3], [1.5, 2]), RangeError, "shape [1.5, 2]: every size");
  assertThrows(() => new Tensor(tape.arena.alloc(4, "f32"), [-2, -2]), RangeError, "every size");
});

Deno.test("a tensor of integers takes no other numbers", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  for (const wrong of [1.5, NaN, 2 ** 31]) {
    assertThrows(() => tape.integers([1, wrong]), RangeError, `number 1 is ${wrong}; give whole numbers of 32 bits`);
  }
  const { slice } = tape.integers([true, -(2 ** 31), 7]);
  assertEquals(device.download(slice, new Int32Array(3)), new Int32Array([1, -(2 ** 31), 7]));
});

Deno.test("what fails in a backward pass ends the pass, and the tape goes on after reset()", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  const y = tape.empty([1]);
  device.fill({ x: y.slice, value: 1 });
  const backward = () => {
    throw new Error("on purpose");
  };
  tape.record({ outputs: [y], backward });
  assertThrows(() => tape.backward(y), Error, "on purpose");
  assertThrows(() => tape.backward(silu(tape, tape.tensor([1, 2], [2])), [1]), RangeError, "make them equally long");
  assertEquals(device.scope, { component: "", phase: "forward" });
  tape.reset();
  const x = tape.tensor([0], [1]);
  tape.backward(silu(tape, x));
  assertEquals(tape.readGradient(x), new Float32Array([0.5]));
});

Deno.test("a tensor in memory of its own has one step's gradient after another, on one tape and on several", () => {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("weights");
  const weight = new Tensor(arena.alloc(1, "f32"), [1]);
  device.fill({ x: weight.slice, value: 0 });
  using tape = new Tape(device);
  for (let step = 0; step < 3; step++) {
    tape.reset();
    tape.backward(add(tape, silu(tape, weight), weight));
    assertEquals(tape.readGradient(weight), new Float32Array([1.5]));
  }
  tape.reset();
  assertThrows(() => tape.readGradient(weight), RangeError, "it has none");
  for (let step = 0; step < 2; step++) {
    using another = new Tape(device);
    another.backward(silu(another, weight));
    assertEquals(another.readGradient(weight), new Float32Array([0.5]));
  }
  assertEquals(weight.gradient, undefined);
});

Deno.test("gradients are refused of what the tape did not make, has differentiated already, or did not record", () => {
  using device = new Device(new ReferenceBackend());
  using tape = new Tape(device);
  using other = new Tape(device);
  using inference = new Tape(device, { recording: false });
  const y = silu(tape, tape.tensor([1, 2], [2]));
  assertThrows(() => other.backward(y), RangeError, "no operation on this tape made it");
  tape.backward(y);
  assertThrows(() => tape.backward(y), RangeError, "no operation on this tape made it; call backward() once");
  assertThrows(() => tape.backward(tape.integers([1])), RangeError, "no operation on this tape made it");
  const z = silu(inference, inference.tensor([1, 2], [2]));
  assertThrows(() => inference.backward(z), Error, "recording: false");
});
