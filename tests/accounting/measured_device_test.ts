import { assertEquals } from "@std/assert";
import { measureDevice } from "../../lib/accounting/measured_device.ts";
import { Device } from "../../lib/tensor/device.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";

Deno.test("measureDevice() takes the fastest repetition, and leaves no memory behind", () => {
  using device = new Device(new ReferenceBackend());
  // Start and end of three products (4, 2 and 3 ms), then of three copies (7, 5 and 9 ms).
  const times = [0, 4, 10, 12, 20, 23, 30, 37, 40, 45, 50, 59].values();
  const limits = measureDevice(device, {
    memoryBytes: 1_000n,
    width: 8,
    copied: 100,
    repetitions: 3,
    now: () => times.next().value!,
  });
  assertEquals(limits.peakFlops, { float32: 2 * 8 ** 3 / 0.002 });
  assertEquals(limits.bandwidth, 2 * 4 * 100 / 0.005);
  assertEquals(limits.memoryBytes, 1_000n);
  assertEquals(device.memory.reservedBytes, 0);
});

Deno.test("measureDevice() measures products in bfloat16 where the device stores it", () => {
  using device = new MetaDevice();
  const clock = [0, 4, 4, 6, 6, 7].values();
  const now = () => clock.next().value!;
  const { peakFlops } = measureDevice(device, { memoryBytes: 1_000n, width: 8, repetitions: 1, now });
  assertEquals(peakFlops, { float32: 2 * 8 ** 3 / 0.004, bfloat16: 2 * 8 ** 3 / 0.002 });
});
