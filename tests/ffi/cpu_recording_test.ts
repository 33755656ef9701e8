import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { SharedHeap } from "../../ffi/cpu/shared_heap.ts";
import { Workspace } from "../../ffi/cpu/workspace.ts";
import { Device } from "../../lib/tensor/device.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { Trainer } from "../../lib/training/trainer.ts";
import { smallConfig, walk } from "../training/small_run.ts";
import { forCpuDevices } from "./cpu_devices.ts";

/** Losses, gradient norms and weights after some steps of a small model. */
function trainedBits(device: Device): Int32Array[] {
  const config = smallConfig({ gradient_accumulation_steps: 3, log_every: 6 });
  using trainer = new Trainer(device, config);
  const ids = walk(200);
  for (let step = 0; step < 6; step++) {
    trainer.step(Array.from({ length: 3 }, (_, batch) => {
      const first = 20 * step + 7 * batch;
      return {
        inputs: Int32Array.from({ length: 12 }, (_, i) => ids[first + i]),
        targets: Int32Array.from({ length: 12 }, (_, i) => ids[first + i + 1]),
      };
    }));
  }
  const { losses, gradientNorms } = trainer.readResults();
  const weights = device.download(trainer.model.parameters.weights) as Float32Array<ArrayBuffer>;
  return [losses, gradientNorms, weights].map((numbers) => new Int32Array(numbers.buffer));
}

forCpuDevices((name, open) => {
  Deno.test(`${name}: training steps that are replayed give the bits of steps that are not recorded`, () => {
    using recording = open();
    using other = open();
    Object.defineProperty(other.backend, "record", { value: undefined });
    assertEquals([recording.records, other.records], [true, false]);
    assertEquals(trainedBits(recording), trainedBits(other));
  });
});

Deno.test("recorded work is not done before it is replayed, also where operations need more memory meanwhile", () => {
  using device = new Device(new CpuBackend({ threads: 2 }));
  using arena = device.arena("products");
  const ones = (length: number) => {
    const slice = arena.alloc(length, "f32");
    device.fill({ x: slice, value: 1 });
    return slice;
  };
  // Many rows are multiplied by way of packed operands, which lie in memory that all operations share.
  const product = (size: number) => {
    const [a, b, c] = [ones(size * size), ones(size * size), arena.alloc(size * size, "f32")];
    return { c, work: () => device.matmul({ a, b, c, m: size, n: size, k: size }) };
  };
  const first = (slice: Slice) => device.download(slice.sub(0, 1))[0];

  const [small, large] = [product(16), product(160)];
  small.work();
  const recording = device.record(small.work);
  device.fill({ x: small.c, value: 0 });
  assertEquals(first(small.c), 0);
  large.work();
  recording.replay();
  assertEquals([first(small.c), first(large.c)], [16, 160]);
  for (let time = 0; time < 2; time++) recording[Symbol.dispose]();
  assertThrows(() => recording.replay(), Error, "Cannot replay a recording: it was disposed of");
});

Deno.test("recorded work keeps its memory where a later part of it needs more than was there", () => {
  const backend = new CpuBackend({ threads: 1 });
  using device = new Device(backend);
  using arena = device.arena("products");
  const square = (size: number) => arena.alloc(size * size, "f32");
  const product = (size: number) => {
    const [a, b, c] = [square(size), square(size), square(size)];
    return () => device.matmul({ a, b, c, m: size, n: size, k: size });
  };
  const [small, large] = [product(600), product(800)];
  small();
  // Behind what the small product uses, so that it cannot simply grow.
  using _behind = device.arena("behind", 1);
  const recording = device.record(() => {
    small();
    large();
  });
  using after = device.arena("after");
  const x = after.alloc(300_000, "f32");
  device.fill({ x, value: 7 });
  recording.replay();
  assertEquals(device.download(x).every((value) => value === 7), true);
});

Deno.test("a workspace keeps what it has outgrown for recordings, and gives it back after the last", () => {
  const heap = new SharedHeap(0);
  const workspace = new Workspace(heap);
  const before = heap.freeBytes;
  workspace.need(1000);
  const used = before - heap.freeBytes;
  workspace.keep();
  workspace.keep();
  workspace.need(10 * used);
  assertEquals(before - heap.freeBytes, 11 * used);
  workspace.release();
  assertEquals(before - heap.freeBytes, 11 * used);
  workspace.release();
  assertEquals(before - heap.freeBytes, 10 * used);
  workspace.need(20 * used);
  assertEquals(before - heap.freeBytes, 20 * used);
});

Deno.test("what a replay could not repeat is refused while work is recorded", () => {
  using device = new Device(new CpuBackend({ threads: 1 }));
  using arena = device.arena("example");
  const x = arena.alloc(1, "f32");
  const ones = new Float32Array([1]);
  device.upload(x, ones);
  const refuses = (work: () => void, message: string) => assertThrows(() => device.record(work), Error, message);
  refuses(() => device.upload(x, new Float32Array([2])), "Cannot upload while recording: a replay could not repeat it");
  refuses(() => device.download(x), "Cannot download while recording");
  refuses(() => device.arena("more", 10), "Cannot take memory while recording");
  refuses(() => device.record(() => {}), "Cannot record while recording");
  assertEquals(device.download(x), ones);
});

Deno.test("a device whose work fails while it is recorded goes on", () => {
  using device = new Device(new CpuBackend({ threads: 1 }));
  using arena = device.arena("example");
  const x = arena.alloc(1, "f32");
  const failing = () => {
    device.fill({ x, value: 1 });
    throw new Error("on purpose");
  };
  assertThrows(() => device.record(failing), Error, "on purpose");
  device.fill({ x, value: 2 });
  assertEquals(device.download(x)[0], 2);
});
