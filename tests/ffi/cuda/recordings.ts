import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";

testOnEmulation("a recording that is replayed on memory that was given back is found", (emulation) => {
  using device = new Device(emulation.open());
  const arena = device.arena("given back");
  const x = arena.alloc(1024, "f32");
  const work = () => device.add({ a: x, b: x, out: x });
  work();
  using recording = device.record(work);
  recording.replay();
  arena[Symbol.dispose]();
  assertThrows(() => recording.replay(), Error, "CUDA_ERROR_ILLEGAL_ADDRESS");
  assertStringIncludes(emulation.message(), "freed device memory");
});

testOnEmulation("a recording that nobody frees is a leak, and ends with its device", (emulation) => {
  const device = new Device(emulation.open());
  using arena = device.arena("step");
  const x = arena.alloc(4, "f32");
  const work = () => device.add({ a: x, b: x, out: x });
  work();
  const before = emulation.leaks().handles;
  const recording = device.record(work);
  assertEquals(emulation.leaks().handles, before + 1);
  recording[Symbol.dispose]();
  assertEquals(emulation.leaks().handles, before);
  const forgotten = device.record(work);
  device[Symbol.dispose]();
  assertEquals(emulation.leaks().handles, 0);
  assertThrows(() => forgotten.replay(), Error, "Cannot replay a recording: it was disposed of, or its device");
});

testOnEmulation(
  "work that did not run before it is recorded is refused where it needs memory, and the device goes on",
  (emulation) => {
    using device = new Device(emulation.open());
    using arena = device.arena("sum");
    const x = arena.alloc(8, "f32");
    device.fill({ x, value: 1 });
    device.add({ a: x, b: x, out: x });
    const sum = () => device.sum({ x, out: x.sub(0, 1), factor: 1 });
    assertThrows(() => device.record(sum), Error, "bytes of scratch while recording; run the same work once before");
    sum();
    assertEquals(device.download(x.sub(0, 1)), Float32Array.of(16));
  },
);

testOnEmulation("a recording may be the first to need a kernel, but not an algorithm of cuBLASLt", (emulation) => {
  using device = new Device(emulation.open());
  using arena = device.arena("product");
  const [a, b, c] = [4, 4, 4].map((length) => arena.alloc(length, "f32"));
  device.add({ a, b, out: c }); // Compiles the kernels, which recording refuses.
  device.upload(a, Float32Array.of(1, 2, 3, 4));
  device.upload(b, Float32Array.of(1, 0, 0, 1));
  const product = () => {
    device.matmul({ a, b, c, m: 2, n: 2, k: 2 });
    device.mul({ a: c, b: c, out: c });
  };
  assertThrows(() => device.record(product), Error, "2 x 2 x 2 while recording; run the same work once before");
  device.matmul({ a, b, c, m: 2, n: 2, k: 2 });
  using recording = device.record(product);
  recording.replay();
  assertEquals(device.download(c), Float32Array.of(1, 4, 9, 16));
});
