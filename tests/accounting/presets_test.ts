import { assertEquals, assertThrows } from "@std/assert";
import { devicePreset, devicePresets, peakFlops } from "../../lib/accounting/device_presets.ts";
import { modelPreset, modelPresets } from "../../lib/accounting/model_presets.ts";
import { secondsAtMfu } from "../../lib/accounting/training_time.ts";

Deno.test("every model preset has heads of equal, even size, and whole groups of query heads", () => {
  for (const [name, { d_model, num_heads, num_kv_heads }] of Object.entries(modelPresets)) {
    assertEquals(d_model % num_heads, 0, name);
    assertEquals((d_model / num_heads) % 2, 0, name);
    assertEquals(num_heads % num_kv_heads, 0, name);
  }
});

Deno.test("an unknown preset is refused with the nearest named if it is near", () => {
  assertThrows(() => modelPreset("gpt-xl"), RangeError, `there is none; the nearest is "gpt2-xl"`);
  assertThrows(() => devicePreset("h10"), RangeError, `the nearest is "h100"`);
  assertThrows(() => devicePreset("tpu"), RangeError, `there is none; expected one of a100, h100`);
  assertThrows(() => modelPreset("toString"), RangeError, "there is none");
});

Deno.test("tensor cores are not slower than float32, and rates are dense", () => {
  for (const [name, { peakFlops: { float32, tf32, bfloat16 } }] of Object.entries(devicePresets)) {
    assertEquals(float32 <= tf32 && tf32 < bfloat16, true, name);
    assertEquals(Math.abs(bfloat16 / tf32 - 2) < 0.1, true, name); // sparse beside dense would make it 4 or 1
  }
});

Deno.test("a format that a device lacks is refused with those that it has", () => {
  const cpu = { ...devicePreset("l4"), title: "a processor", peakFlops: { float32: 1e11 } };
  assertEquals(peakFlops(cpu, "float32"), 1e11);
  assertThrows(() => peakFlops(cpu, "bfloat16"), RangeError, "on a processor: no peak is known for it; try float32");
});

Deno.test("time is refused for an MFU or a peak that cannot be", () => {
  for (const mfu of [0, -0.5, 1.01, NaN]) assertThrows(() => secondsAtMfu(1n, 1e12, mfu), RangeError, `mfu is ${mfu}`);
  for (const peak of [0, -1, Infinity, NaN]) assertThrows(() => secondsAtMfu(1n, peak, 0.5), RangeError, "the peak is");
});
