import { assert, assertEquals } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../../lib/tensor/reference_backend.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { cases } from "../../device_conformance/cases.ts";
import { compareCase } from "../../device_conformance/conformance.ts";
import { roundUploads, runInBf16 } from "./bf16_bench.ts";

const providers = {
  "cuBLAS where cuBLASLt offers nothing": { offered: { cublasLt: false }, byCublas: true },
  "the own kernel where both offer nothing": { offered: { cublasLt: false, cublas: false }, byCublas: false },
};

for (const [provider, { offered, byCublas }] of Object.entries(providers)) {
  for (const dtype of ["f32", "bf16"] as const) {
    testOnEmulation(`cuda: products in ${dtype} are made by ${provider}`, async (emulation, t) => {
      emulation.setProducts(offered);
      const before = emulation.cublasProducts();
      {
        using device = new Device(emulation.open());
        using reference = new Device(new ReferenceBackend());
        if (dtype === "bf16") {
          roundUploads(device);
          roundUploads(reference);
          runInBf16(device);
        }
        for (const [title, run] of Object.entries(cases.matmul)) {
          await t.step(title, () => compareCase(reference, device, run, dtype === "bf16" ? 1e-2 : 1e-5));
        }
      }
      assertEquals(emulation.cublasProducts() > before, byCublas);
      assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
    });
  }
}

testOnEmulation("cuda: float32 operands are rounded to TF32 only where that is asked for", (emulation) => {
  for (const cublasLt of [true, false]) {
    emulation.setProducts({ cublasLt });
    const made = (tf32?: boolean) => {
      using device = new Device(emulation.open({ tf32 }));
      using arena = device.arena("product");
      const [a, b, c] = [0, 1, 2].map(() => arena.alloc(1, "f32"));
      device.upload(a, Float32Array.of(1 + 2 ** -12));
      device.upload(b, Float32Array.of(1));
      device.matmul({ a, b, c, m: 1, n: 1, k: 1 });
      return device.download(c)[0];
    };
    assertEquals([undefined, false, true].map(made), [1 + 2 ** -12, 1 + 2 ** -12, 1]);
  }
});

testOnEmulation("cuda: no part of a sum is rounded to bfloat16 before it is added", (emulation) => {
  for (const cublasLt of [true, false]) {
    emulation.setProducts({ cublasLt });
    using device = new Device(emulation.open());
    using arena = device.arena("product");
    const [a, b, c] = [4, 4, 1].map((length) => arena.alloc(length, "bf16"));
    device.upload(a, Float32Array.of(1, 2 ** -8, 2 ** -8, 0)); // Of the first half, 1 would be left.
    device.upload(b, new Float32Array(4).fill(1));
    device.matmul({ a, b, c, m: 1, n: 1, k: 4, strideB: 4, strideC: 2, transposeB: true });
    assertEquals(device.download(c), Float32Array.of(1 + 2 ** -7));
  }
});

testOnEmulation("cuda: without cuBLAS the own kernel makes what cuBLASLt does not offer", (emulation) => {
  emulation.setProducts({ cublasLt: false });
  const before = emulation.cublasProducts();
  using device = new Device(emulation.open({ libraries: { ...emulation.libraries, cublas: "/nowhere/libcublas.so" } }));
  using arena = device.arena("product");
  const [a, b, c] = [0, 1, 2].map(() => arena.alloc(1, "f32"));
  device.upload(a, Float32Array.of(3));
  device.upload(b, Float32Array.of(5));
  device.matmul({ a, b, c, m: 1, n: 1, k: 1 });
  assertEquals(device.download(c), Float32Array.of(15));
  assert(emulation.cublasProducts() === before);
});
