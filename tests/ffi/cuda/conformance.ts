import { assertEquals } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import type { Operations } from "../../../lib/tensor/operations.ts";
import { ReferenceBackend } from "../../../lib/tensor/reference_backend.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { cases } from "../../device_conformance/cases.ts";
import { compareCase } from "../../device_conformance/conformance.ts";
import { compareDrawn } from "../../device_conformance/drawn_arguments.ts";
import { roundUploads, runInBf16 } from "./bf16_bench.ts";

// Inputs are the same numbers on both devices, products are summed in float32, and results are rounded to 8 bits of
// mantissa, some of them twice or more.
const BF16_TOLERANCE = { forward: 1e-2, backward: 2e-2 };

for (const operation of Object.keys(cases) as (keyof Operations)[]) {
  testOnEmulation(`cuda: ${operation}() agrees with the definition in float64`, async (emulation, t) => {
    {
      using device = new Device(emulation.open());
      using reference = new Device(new ReferenceBackend());
      const tolerance = operation.endsWith("Backward") ? 1e-4 : 1e-5;
      for (const order of ["ascending", "descending"] as const) {
        emulation.setThreadOrder(order);
        for (const [title, run] of Object.entries(cases[operation])) {
          await t.step(`${title}, threads ${order}`, () => compareCase(reference, device, run, tolerance));
        }
      }
    }
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
  });

  testOnEmulation(`cuda: ${operation}() in bfloat16 agrees with the definition in float64`, async (emulation, t) => {
    using device = new Device(emulation.open());
    using reference = new Device(new ReferenceBackend());
    roundUploads(device);
    roundUploads(reference);
    runInBf16(device);
    const tolerance = operation.endsWith("Backward") ? BF16_TOLERANCE.backward : BF16_TOLERANCE.forward;
    for (const [title, run] of Object.entries(cases[operation])) {
      await t.step(title, () => compareCase(reference, device, run, tolerance));
    }
  });
}

testOnEmulation(
  "cuda: with drawn sizes, strides and places operations do as defined, and change nothing else",
  (emulation) => {
    using device = new Device(emulation.open());
    using reference = new Device(new ReferenceBackend());
    for (let seed = 1; seed <= 20; seed++) compareDrawn(reference, device, seed);
  },
);

testOnEmulation("cuda: axpy() adds bfloat16 to float32, and copy() converts, at any length and place", (emulation) => {
  using device = new Device(emulation.open());
  using arena = device.arena("example");
  for (const [length, start] of [[64, 0], [67, 0], [41, 3]] as const) {
    const numbers = Float32Array.from({ length }, (_, i) => (i - 20) / 8); // exact in bfloat16
    const low = arena.alloc(start + length, "bf16").sub(start);
    const [sum, back] = [1, 2].map(() => arena.alloc(start + length, "f32").sub(start));
    device.upload(sum, numbers);
    device.copy({ source: sum, destination: low });
    device.copy({ source: low, destination: back });
    device.axpy({ x: low, y: sum, factor: 3 });
    assertEquals(device.download(back), numbers);
    assertEquals(device.download(sum), numbers.map((x) => 4 * x));
  }
});
