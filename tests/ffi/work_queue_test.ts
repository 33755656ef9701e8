import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { compileKernels } from "../../ffi/cpu/kernels.ts";
import { SharedHeap } from "../../ffi/cpu/shared_heap.ts";
import { ThreadPool } from "../../ffi/cpu/thread_pool.ts";
import { QUEUE_END } from "../../ffi/cpu/work_queue.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";

function poolOf(threads: number, idleMilliseconds?: number) {
  const heap = new SharedHeap(QUEUE_END);
  const pool = new ThreadPool(heap, compileKernels(), threads, idleMilliseconds);
  const floats = (length: number, value: number) => {
    const { address } = heap.take(length * 4);
    // Made anew at each look: what the memory grew by is not in an older array.
    const view = () => new Float32Array(heap.memory.buffer, address, length);
    view().fill(value);
    return { address, view };
  };
  return { pool, floats };
}

for (const threads of [2, 7, 16]) {
  Deno.test(`${threads} threads compute every item of a command once, whatever they were doing when it came`, () => {
    const { pool, floats } = poolOf(threads);
    using _ended = pool;
    const random = new Random(threads);
    const length = 4096;
    const [ones, counts] = [floats(length, 1), floats(length, 0)];
    const expected = new Float32Array(length);
    for (let command = 0; command < 1500; command++) {
      const items = 1 + random.below(length), perChunk = 1 + random.below(random.below(4) === 0 ? length : 64);
      pool.run("axpy", items, perChunk, ones.address, counts.address, 1);
      for (let i = 0; i < items; i++) expected[i]++;
      // Long enough, now and then, for threads that have nothing to do to fall asleep, or to be about to.
      for (let wait = random.below(16) === 0 ? random.below(200_000) : 0; wait > 0; wait--);
    }
    assertEquals(counts.view(), expected);
  });
}

Deno.test("Workers without work end, and others compute every item once, however soon they are needed", async () => {
  const { pool, floats } = poolOf(4, 1);
  using _ended = pool;
  const random = new Random(5);
  const length = 1 << 14;
  const [ones, counts] = [floats(length, 1), floats(length, 0)];
  let commands = 0;
  for (let pause = 0; pause < 60; pause++) {
    // Before some were ready, while they leave, and when all are gone.
    for (let some = random.below(30); some >= 0; some--, commands++) {
      pool.run("axpy", length, 256, ones.address, counts.address, 1);
    }
    assertEquals(pool.workers, 3);
    const until = performance.now() + random.below(12);
    while (pause % 3 === 0 ? pool.workers > 0 : performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  assertEquals(counts.view().every((count) => count === commands), true);
});

Deno.test("Workers stay while there is work for them", async () => {
  const { pool, floats } = poolOf(2, 200);
  using _ended = pool;
  const ones = floats(1 << 14, 1);
  const begun = performance.now();
  while (performance.now() < begun + 900) {
    pool.run("fill", 1 << 14, 1024, ones.address, 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(pool.workers, 1);
  }
});

Deno.test("a kernel that fails is told once all threads are done, and the next one is computed", () => {
  const { pool, floats } = poolOf(3);
  using _ended = pool;
  const length = 1 << 14;
  const counts = floats(length, 0), ones = floats(length, 1);
  const beyond = 0xfff00000;
  for (let time = 1; time <= 5; time++) {
    assertThrows(() => pool.run("fill", length, 2048, beyond, 0), Error, "Cannot finish fill: it failed on a thread");
    pool.run("axpy", length, 2048, ones.address, counts.address, 1);
    assertEquals(counts.view().every((count) => count === time), true);
  }
});

Deno.test("a device that is disposed of computes nothing more, so that no thread outlives it", () => {
  const device = new Device(new CpuBackend({ threads: 2 }));
  const x = device.arena("test").alloc(100_000, "f32");
  const recording = device.record(() => device.fill({ x, value: 1 }));
  for (let time = 0; time < 2; time++) device[Symbol.dispose]();
  assertThrows(() => recording.replay(), Error, "Cannot run fill: the device is disposed of");
  const y = device.arena("another").alloc(100_000, "f32");
  assertThrows(() => device.fill({ x: y, value: 1 }), Error, "Cannot run fill: the device is disposed of");
});
