import { assertEquals } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import type { Operations } from "../../../lib/tensor/operations.ts";
import { ReferenceBackend } from "../../../lib/tensor/reference_backend.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { cases } from "../../device_conformance/cases.ts";
import { compareCase } from "../../device_conformance/conformance.ts";

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
}
