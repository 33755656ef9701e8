import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Device } from "../../lib/tensor/device.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";

Deno.test("an arena gives a repeated step the same addresses and reserves nothing new", () => {
  using device = new MetaDevice();
  using arena = device.arena("step");
  const step = () => [1000, 300_000, 17].map((length) => arena.alloc(length, "f32"));
  const first = step();
  const { reservedBytes } = device.memory;
  for (let i = 0; i < 100; i++) {
    arena.reset();
    step().forEach((slice, j) => {
      assertEquals(slice.block === first[j].block, true);
      assertEquals(slice.byteOffset, first[j].byteOffset);
    });
  }
  assertEquals(device.memory.reservedBytes, reservedBytes);
});

Deno.test("an arena reserved with the extent of a step holds the step without growth", () => {
  using device = new MetaDevice();
  using trial = device.arena("trial");
  const step = (arena: typeof trial) => {
    const kept = arena.alloc(5000, "f32");
    for (let i = 0; i < 10; i++) arena.release(arena.alloc(70_000, "f32"));
    arena.alloc(3, "i32");
    return kept;
  };
  step(trial);
  using arena = device.arena("exact", trial.extentBytes);
  step(arena);
  assertEquals(arena.reservedBytes, trial.extentBytes);
  assertEquals(arena.extentBytes, 20_032 + 280_000 + 64); // each slice rounded up to 64
});

Deno.test("slices are aligned and do not overlap", () => {
  using device = new MetaDevice();
  using arena = device.arena("slices");
  const [a, b] = [arena.alloc(3, "bf16"), arena.alloc(5, "f32")];
  assertEquals(a.bytes, 6);
  assertEquals(b.byteOffset % 64, 0);
  assertNotEquals(a.byteOffset, b.byteOffset);
  arena.release(a);
  assertEquals(arena.alloc(16, "f32").byteOffset, a.byteOffset); // 64 bytes, as the aligned 6
});

Deno.test("an arena returns its memory when it ends, and with its device", () => {
  const device = new MetaDevice();
  {
    using arena = device.arena("short");
    arena.alloc(100, "f32");
    assertEquals(device.memory.usedBytes, 448);
  }
  assertEquals(device.memory, { reservedBytes: 0, usedBytes: 0, peakBytes: 448 });
  device.arena("long").alloc(100, "f32");
  device[Symbol.dispose]();
  assertEquals(device.memory.reservedBytes, 0);
});

Deno.test("a slice is refused after its arena was reset or has ended", () => {
  using device = new Device(new ReferenceBackend());
  const arena = device.arena("step");
  const x = arena.alloc(3, "f32");
  arena.reset();
  assertThrows(() => device.fill({ x, value: 0 }), RangeError, 'arena "step"');
  const y = arena.alloc(3, "f32");
  arena[Symbol.dispose]();
  assertThrows(() => device.fill({ x: y, value: 0 }), RangeError, "reset or disposed of");
  assertThrows(() => arena.alloc(3, "f32"), RangeError, "disposed of");
});

Deno.test("a slice is refused after its release, a second one included", () => {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("step");
  const x = arena.alloc(3, "f32");
  arena.release(x);
  assertThrows(() => arena.release(x), RangeError, "it was released");
  assertThrows(() => device.fill({ x, value: 0 }), RangeError, "it was released");
  const [first, second] = [arena.alloc(3, "f32"), arena.alloc(3, "f32")];
  assertNotEquals(first.byteOffset, second.byteOffset);
});

Deno.test("a part of a slice lives as long as the slice, and is not released by itself", () => {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("step");
  const x = arena.alloc(10, "f32");
  const part = x.sub(2, 6).sub(1, 3);
  assertThrows(() => arena.release(part), RangeError, "release the slice that alloc() returned");
  device.fill({ x: part, value: 1 });
  arena.release(x);
  assertThrows(() => device.fill({ x: part, value: 0 }), RangeError, "it was released");
  assertThrows(() => device.fill({ x: part.sub(1), value: 0 }), RangeError, "it was released");
});

Deno.test("an arena refuses lengths and types that cannot be", () => {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("odd");
  for (const length of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => arena.alloc(length, "f32"), RangeError, `${length} elements`);
  }
  assertThrows(() => arena.alloc(3, "bf16"), RangeError, "f32, i32");
  for (const bytes of [-5, NaN]) assertThrows(() => device.arena("odd", bytes), RangeError, `reserve ${bytes} bytes`);
  const slice = arena.alloc(10, "f32");
  assertThrows(() => slice.sub(8, 3), RangeError, "the slice has 10");
  assertThrows(() => slice.sub(-1, 3), RangeError, "the slice has 10");
});
