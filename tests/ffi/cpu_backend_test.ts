import { assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import type { Arena } from "../../lib/tensor/arena.ts";
import { Device } from "../../lib/tensor/device.ts";
import type { Operations } from "../../lib/tensor/operations.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { cases } from "../device_conformance/cases.ts";
import { assertSaturatedAttentionHasNoGradient } from "../device_conformance/saturated_attention.ts";
import { Workbench } from "../device_conformance/workbench.ts";

function numbers(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return state / 2 ** 31;
  });
}

function upload(device: Device, arena: Arena, data: Float32Array): Slice {
  const slice = arena.alloc(data.length, "f32");
  device.upload(slice, data);
  return slice;
}

for (const operation of Object.keys(cases) as (keyof Operations)[]) {
  Deno.test(`${operation}() gives the same bits with 1, 2 and 3 threads`, () => {
    const results = [1, 2, 3].map((threads) => {
      using device = new Device(new CpuBackend({ threads }));
      return Object.values(cases[operation]).map((run) => {
        using bench = new Workbench(device, 1);
        return Object.values(run(bench)).map((slice) => {
          const data = new Float32Array(slice.length);
          const bits = new Int32Array(data.buffer);
          device.download(slice, slice.dtype === "i32" ? bits : data);
          return bits;
        });
      });
    });
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);
  });
}

Deno.test("matmul() agrees with sums in float64 at ragged sizes, transposed or not, strided, scaled and added", () => {
  using device = new Device(new CpuBackend({ threads: 2 }));
  for (
    const [m, n, k] of [[1, 1, 1], [5, 7, 3], [6, 8, 512], [13, 17, 513], [97, 71, 33], [200, 9, 1030], [9, 300, 2]]
  ) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        using arena = device.arena("test");
        const strideA = (transposeA ? m : k) + 3, strideB = (transposeB ? k : n) + 1, strideC = n + 2;
        const [a, b, c] = [
          numbers(strideA * (transposeA ? k : m), 1),
          numbers(strideB * (transposeB ? n : k), 2),
          numbers(strideC * m, 3),
        ];
        const [alpha, beta] = [0.5, -2];
        const out = upload(device, arena, c);
        const strides = { strideA, strideB, strideC };
        const operands = { a: upload(device, arena, a), b: upload(device, arena, b), c: out };
        device.matmul({ ...operands, m, n, k, transposeA, transposeB, alpha, beta, ...strides });
        const actual = device.download(out);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < strideC; j++) {
            let expected = c[i * strideC + j];
            if (j < n) {
              let sum = 0;
              for (let p = 0; p < k; p++) {
                sum += a[transposeA ? p * strideA + i : i * strideA + p] *
                  b[transposeB ? j * strideB + p : p * strideB + j];
              }
              expected = alpha * sum + beta * expected;
            }
            const error = Math.abs(actual[i * strideC + j] - expected);
            assertEquals(error <= 1e-6 * (k + 4), true, `${m} x ${n} x ${k}, element ${i}, ${j}: off by ${error}`);
          }
        }
      }
    }
  }
});

Deno.test("exponentials hold to the last places from e^-80 to 1, are 0 below e^-87, and pass NaN on", () => {
  using device = new Device(new CpuBackend({ threads: 1 }));
  using arena = device.arena("exponentials");
  // The softmax of a row whose largest number is 0 is e^x divided by one sum, still a normal number for x above -80.
  const softmax = (x: Float32Array) => {
    const slice = upload(device, arena, x);
    device.softmax({ x: slice, out: slice, rows: 1, columns: x.length });
    return device.download(slice);
  };
  const x = Float32Array.from({ length: 10_001 }, (_, i) => (i - 10_000) * 0.008);
  const y = softmax(x);
  const worst = Math.max(...x.map((value, i) => Math.abs(y[i] / y[10_000] / Math.exp(value) - 1)));
  assertEquals(worst < 4e-7, true, `a relative error of ${worst}`);
  assertEquals(softmax(new Float32Array([0, -88, -1e30, -Infinity, 0])), new Float32Array([0.5, 0, 0, 0, 0.5]));
  assertEquals(softmax(new Float32Array([NaN, 0, 1, 2, 3])), new Float32Array(5).fill(NaN));
});

Deno.test("a key that has all the weight gets the whole gradient, and its score none, however large it is", () => {
  using device = new Device(new CpuBackend({ threads: 1 }));
  for (const headSize of [1, 2, 5, 16, 20, 64]) {
    for (const length of [1, 3, 40]) assertSaturatedAttentionHasNoGradient(device, headSize, length);
  }
});

Deno.test("memory that an arena returned is used again, and joined with its neighbours", () => {
  const backend = new CpuBackend({ threads: 1 });
  using device = new Device(backend);
  const blocks = [1000, 2000, 3000].map((bytes) => backend.reserve(bytes));
  for (const block of [blocks[0], blocks[2], blocks[1]]) backend.unreserve(block);
  assertEquals(backend.reserve(6000), { ...blocks[0], bytes: 6144 });
  assertEquals(device.memory.reservedBytes, 0);
});

Deno.test("more memory than 4 GiB is refused with what is free, and the device goes on", () => {
  using device = new Device(new CpuBackend({ threads: 1 }));
  using arena = device.arena("test");
  assertThrows(() => arena.alloc(2 ** 30 + 1, "f32"), RangeError, "MiB of its 4096 MiB are free");
  const x = upload(device, arena, numbers(10, 1));
  assertEquals(device.download(x), numbers(10, 1));
});

Deno.test("a number of threads that is no whole number from 1 to 256 is refused", () => {
  for (const threads of [0, -1, 1.5, NaN, 257]) {
    assertThrows(() => new CpuBackend({ threads }), RangeError, `threads is ${threads}`);
  }
});

Deno.test("the cpu device can be opened and disposed of many times", () => {
  for (let i = 0; i < 10; i++) {
    using device = new Device(new CpuBackend({ threads: 2 }));
    using arena = device.arena("test");
    const x = arena.alloc(200_000, "f32");
    device.fill({ x, value: i });
    assertEquals(device.download(x)[199_999], i);
  }
});
