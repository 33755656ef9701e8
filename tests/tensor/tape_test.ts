import { assertEquals, assertThrows } from "@std/assert";
import { add } from "../../lib/model/add.ts";
import { silu } from "../../lib/model/silu.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";

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
  assertThrows(() => tape.tensor([1, 2], [3]), RangeError);
});
