import { assert, assertEquals } from "@std/assert";
import { attentionByProducts } from "../../../ffi/cuda/attention_by_products.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { Random } from "../../../lib/tensor/random.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { compareNumbers } from "../../device_conformance/conformance.ts";
import { assertSaturatedAttentionHasNoGradient } from "../../device_conformance/saturated_attention.ts";

type Results = Record<string, Float32Array>;

// With 32 rows to a warp (sm_80) and with 16 (sm_89).
for (const [headSize, architecture] of [[32, 80], [64, 80], [64, 89], [128, 80]]) {
  for (const causal of [true, false]) {
    const name = `cuda: attention on tensor cores, heads of ${headSize}, sm_${architecture}${causal ? ", causal" : ""}`;
    testOnEmulation(`${name}, agrees with the plain kernels and with products`, (emulation) => {
      const { fused: plain, products } = attend(emulation, { headSize, causal, dtype: "bf16", architecture: 75 });
      const { fused: onTensorCores } = attend(emulation, { headSize, causal, dtype: "bf16", architecture });
      emulation.setThreadOrder("descending"); // Copies happen early then, not late.
      assertEquals(attend(emulation, { headSize, causal, dtype: "bf16", architecture }).fused, onTensorCores);
      compare(plain, onTensorCores, 2e-2);
      compare(products, onTensorCores, 2e-2);
      // Another order of sums rounds differently somewhere: it was another kernel.
      assert(
        Object.entries(plain).some(([name, values]) => values.some((value, i) => value !== onTensorCores[name][i])),
      );
    });
  }
}

for (const headSize of [16, 64, 80]) {
  for (const causal of [true, false]) {
    const name = `cuda: attention in float32, heads of ${headSize}${causal ? ", causal" : ""}`;
    testOnEmulation(`${name}, agrees with products`, (emulation) => {
      const { fused, products } = attend(emulation, { headSize, causal, dtype: "f32", architecture: 90 });
      compare(products, fused, 1e-5);
    });
  }
}

testOnEmulation("cuda: a key that has all the weight gets the whole gradient, and its score none", (emulation) => {
  using device = new Device(emulation.open());
  for (const headSize of [5, 16, 64]) {
    for (const length of [1, 40]) assertSaturatedAttentionHasNoGradient(device, headSize, length);
  }
});

function compare(expected: Results, actual: Results, tolerance: number): void {
  for (const [name, values] of Object.entries(expected)) compareNumbers(name, values, actual[name], tolerance);
}

// Attention and its gradients of grouped heads with more keys than queries and sizes that no tile divides, by the fused
// kernels and by products.
function attend(
  emulation: Emulation,
  { headSize, causal, dtype, architecture }: {
    headSize: number;
    causal: boolean;
    dtype: "f32" | "bf16";
    architecture: number;
  },
): { fused: Results; products: Results } {
  Deno.env.set("DENOLM_EMULATED_ARCHITECTURE", String(architecture));
  try {
    using device = new Device(emulation.open());
    using arena = device.arena("attention");
    const random = new Random(1);
    const [batch, queryLength, keyLength, numHeads, numKvHeads] = [2, 140, 171, 4, 2];
    const operand = (length: number, heads: number) => {
      const [rowStride, batchStride] = [heads * headSize, length * heads * headSize];
      const slice = arena.alloc(batch * batchStride, dtype);
      device.upload(slice, Float32Array.from({ length: slice.length }, () => 1.5 * random.normal()));
      return { slice, rowStride, batchStride };
    };
    const [q, out, dOut, dQ] = Array.from({ length: 4 }, () => operand(queryLength, numHeads));
    const [k, v, dK, dV] = Array.from({ length: 4 }, () => operand(keyLength, numKvHeads));
    const logSumExp = arena.alloc(batch * numHeads * queryLength, "f32");
    const sizes = { batch, queryLength, keyLength, numHeads, numKvHeads, headSize };
    const args = { ...sizes, causal, scale: 1 / Math.sqrt(headSize), q, k, v, out, logSumExp, dOut, dQ, dK, dV };
    const read = () => {
      const results = { out: out.slice, dQ: dQ.slice, dK: dK.slice, dV: dV.slice };
      return Object.fromEntries(Object.entries(results).map(([name, slice]) => [name, device.download(slice)]));
    };
    device.attention(args);
    device.attentionBackward(args);
    const fused = read();
    for (const { slice } of [out, dQ, dK, dV]) device.fill({ x: slice, value: NaN });
    attentionByProducts(device, arena, args);
    return { fused, products: read() };
  } finally {
    Deno.env.delete("DENOLM_EMULATED_ARCHITECTURE");
  }
}
