import { assertAlmostEquals, assertEquals } from "@std/assert";
import { devicePreset } from "../../lib/accounting/device_presets.ts";
import { evaluate } from "../../lib/accounting/expression.ts";
import {
  decodingOperations,
  forwardOperations,
  trainingOperations,
  updateOperations,
} from "../../lib/accounting/implementation_operations.ts";
import { modelPreset } from "../../lib/accounting/model_presets.ts";
import { valuesOf } from "../../lib/accounting/model_shape.ts";
import { roofline } from "../../lib/accounting/roofline.ts";

const model = modelPreset("gpt2-xl");
const device = devicePreset("h100");
const bounds = (batchSize: number, operations = forwardOperations(model)) =>
  Object.fromEntries(
    roofline(operations, { ...valuesOf(model, batchSize), t: 512n }, device, "float32")
      .map(({ component, bound }) => [component, bound]),
  );

Deno.test("a training pass's products are bound by arithmetic, its norms, gates and rotations by memory", () => {
  assertEquals(bounds(8), {
    "token_embeddings": "memory",
    "layers.*.ln1": "memory",
    "layers.*.attn.qkv": "arithmetic",
    "layers.*.attn.rope": "memory",
    "layers.*.attn.attention": "arithmetic",
    "layers.*.attn.output": "arithmetic",
    "layers.*.ln2": "memory",
    "layers.*.ffn.w1_w3": "arithmetic",
    "layers.*.ffn.activation": "memory",
    "layers.*.ffn.w2": "arithmetic",
    "ln_final": "memory",
    "lm_head": "arithmetic",
    "loss": "memory",
  });
});

Deno.test("decoding one sequence is bound by memory throughout; many sequences share the weights, but not the cache", () => {
  assertEquals([...new Set(Object.values(bounds(1, decodingOperations(model))))], ["memory"]);
  const many = bounds(1_000, decodingOperations(model));
  assertEquals([many["layers.*.ffn.w2"], many["layers.*.attn.attention"]], ["arithmetic", "memory"]);
});

Deno.test("intensity and time follow from FLOPs, bytes and the device's limits", () => {
  const values = valuesOf(model, 8);
  const points = roofline(trainingOperations(model), values, device, "float32");
  for (const { flops, bytes, intensity, seconds, bound } of points) {
    assertEquals(intensity, Number(flops) / Number(bytes));
    const [moving, arithmetic] = [Number(bytes) / device.bandwidth, Number(flops) / device.peakFlops.float32];
    assertAlmostEquals(seconds, Math.max(moving, arithmetic), 1e-12);
    assertEquals(bound, moving > arithmetic ? "memory" : "arithmetic");
  }
  const bytes = trainingOperations(model)
    .reduce(
      (sum, { bytesRead, bytesWritten }) => sum + evaluate(bytesRead, values) + evaluate(bytesWritten, values),
      0n,
    );
  assertEquals(points.reduce((sum, point) => sum + point.bytes, 0n), bytes);
});

Deno.test("bfloat16 halves the bytes of the passes, not those of the optimizer, and speeds up only the products", () => {
  const values = valuesOf(model, 8);
  for (const [operations, share] of [[forwardOperations(model), 2n], [updateOperations(model), 1n]] as const) {
    const [full, half] = (["float32", "bfloat16"] as const).map((format) =>
      roofline(operations, values, device, format)
    );
    full.forEach(({ component, bytes }, i) => {
      assertEquals(half[i].component, component);
      assertAlmostEquals(Number(half[i].bytes * share) / Number(bytes), 1, 1e-6);
    });
  }
});
