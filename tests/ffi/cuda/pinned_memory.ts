import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CudaRuntime } from "../../../ffi/cuda/cuda_runtime.ts";
import { PinnedMemory } from "../../../ffi/cuda/host_memory.ts";
import { Staging } from "../../../ffi/cuda/staging.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";

// Copies `bytes` from pinned memory to the device, and does not wait.
function copyFrom(memory: PinnedMemory, { cuda, to }: { cuda: CudaRuntime; to: bigint }): void {
  const { driver, stream } = cuda;
  const code = driver.symbols.cuMemcpyHtoDAsync_v2(to, memory.bytes, BigInt(memory.bytes.length), stream);
  driver.check("cuMemcpyHtoD", code);
}

function withCopyOnItsWay(emulation: Emulation, then: (memory: PinnedMemory, cuda: CudaRuntime) => void): void {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(4096);
  using memory = new PinnedMemory(cuda.driver, 4096);
  copyFrom(memory, { cuda, to: BigInt(block.address) });
  then(memory, cuda);
  cuda.unreserve(block);
}

testOnEmulation("pinned memory that is written before its copy was waited for is found", (emulation) => {
  withCopyOnItsWay(emulation, (memory, cuda) => {
    memory.bytes[7] = 1;
    assertThrows(() => cuda.synchronize(), Error, "cuStreamSynchronize");
    assertStringIncludes(emulation.message(), "written before the copy from it was waited for");
  });
  withCopyOnItsWay(emulation, (memory, cuda) => {
    cuda.synchronize();
    memory.bytes[7] = 1; // not before
    cuda.synchronize();
  });
});

testOnEmulation("pinned memory that is given back before its copy was waited for is found", (emulation) => {
  withCopyOnItsWay(emulation, (memory, cuda) => {
    assertThrows(() => memory[Symbol.dispose](), Error, "cuMemHostUnregister");
    assertStringIncludes(emulation.message(), "given back before the copies from it were waited for");
    cuda.synchronize();
  });
});

testOnEmulation("pinned memory that nobody gives back is a leak", (emulation) => {
  const before = emulation.leaks().handles;
  const cuda = new CudaRuntime({ libraries: emulation.libraries });
  const memory = new PinnedMemory(cuda.driver, 4096);
  const open = emulation.leaks().handles;
  memory[Symbol.dispose]();
  assertEquals(emulation.leaks().handles, open - 1);
  cuda[Symbol.dispose]();
  assertEquals(emulation.leaks().handles, before);
});

testOnEmulation("a staging place is written again only after the copy from it", (emulation) => {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const { driver, stream } = cuda;
  const block = cuda.reserve(1024);
  using memory = new PinnedMemory(driver, Staging.BYTES);
  const upload = (staging: Staging) => {
    // Twice around all of its places.
    for (let i = 0; i < 40; i++) staging.upload(block.address, 1024, (piece) => piece.fill(i));
    cuda.synchronize();
  };
  {
    using staging = new Staging(driver, stream, memory);
    upload(staging);
  }
  {
    using staging = new Staging(driver, stream, memory);
    using _patch = patched(driver, "waitFor", () => {}); // The deliberate fault: it does not wait.
    assertThrows(() => upload(staging), Error, "cuMemcpyHtoD");
    assertStringIncludes(emulation.message(), "written before the copy from it was waited for");
    assertThrows(() => cuda.synchronize());
  }
  cuda.unreserve(block);
});

testOnEmulation("what is uploaded arrives whole, in pieces larger than a place, in every format", (emulation) => {
  using device = new Device(emulation.open());
  using arena = device.arena("uploads");
  const length = 300_001;
  const numbers = Float32Array.from({ length }, (_, i) => (i % 251) - 125);
  for (const dtype of ["f32", "bf16"] as const) {
    const slice = arena.alloc(length, dtype);
    device.upload(slice, numbers);
    assertEquals(device.download(slice), numbers);
  }
  const integers = arena.alloc(length, "i32");
  device.upload(integers, Int32Array.from(numbers));
  assertEquals(device.download(integers, new Int32Array(length)), Int32Array.from(numbers));
});

testOnEmulation("pinned memory has pages of its own", ({ libraries }) => {
  using cuda = new CudaRuntime({ libraries });
  using memory = new PinnedMemory(cuda.driver, 1000);
  const { buffer, byteOffset, byteLength } = memory.bytes;
  // What begins a page before it and ends a page behind it is still of this piece of memory.
  assert(memory.pinned && byteOffset >= 4096 && byteOffset + byteLength + 4096 <= buffer.byteLength);
  using another = new PinnedMemory(cuda.driver, 1000);
  assert(another.pinned);
});

testOnEmulation("where the driver does not pin memory, uploads go on without", (emulation) => {
  emulation.plan("cuMemHostRegister", 801);
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  emulation.plan("cuMemHostRegister", 801);
  using memory = new PinnedMemory(cuda.driver, 4096);
  assertEquals(memory.pinned, false);
  const block = cuda.reserve(4096);
  copyFrom(memory, { cuda, to: BigInt(block.address) });
  memory.bytes[7] = 1; // The driver has taken its copy.
  cuda.synchronize();
  cuda.unreserve(block);
});

// Replaces a method until the end of the block.
function patched<Thing extends object, Name extends keyof Thing>(thing: Thing, name: Name, other: Thing[Name]) {
  Object.defineProperty(thing, name, { value: other, configurable: true });
  return { [Symbol.dispose]: () => void delete thing[name] };
}
