import { assertEquals } from "@std/assert";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { compareDrawn, drawnResults } from "../device_conformance/drawn_arguments.ts";
import { forCpuDevices } from "./cpu_devices.ts";

forCpuDevices((name, open) => {
  Deno.test(`${name}: with drawn sizes, strides and places operations do as defined, and change nothing else`, () => {
    using device = open();
    using reference = new Device(new ReferenceBackend());
    for (let seed = 1; seed <= 20; seed++) compareDrawn(reference, device, seed);
  });
});

Deno.test("drawn sizes, strides and places give the same bits with 1, 2, 3, 7 and 16 threads", () => {
  const bits = [1, 2, 3, 7, 16].map((threads) => {
    using device = new Device(new CpuBackend({ threads }));
    return Array.from(
      { length: 20 },
      (_, i) =>
        drawnResults(device, 21 + i).values().flatMap((results) => results.values()).map(({ buffer }) =>
          new Int32Array(buffer)
        ).toArray(),
    );
  });
  for (const others of bits.slice(1)) assertEquals(others, bits[0]);
});
