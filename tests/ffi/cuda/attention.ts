import { assert } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import { Random } from "../../../lib/tensor/random.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { compareNumbers } from "../../device_conformance/conformance.ts";

for (const headSize of [32, 64, 128]) {
  for (const causal of [true, false]) {
    const name = `cuda: attention on tensor cores, heads of ${headSize}${causal ? ", causal" : ""}`;
    testOnEmulation(`${name}, agrees with the plain kernels`, (emulation) => {
      const plain = attend(emulation, { headSize, causal, architecture: 75 });
      for (const order of causal ? ["descending"] as const : ["ascending"] as const) {
        emulation.setThreadOrder(order);
        const onTensorCores = attend(emulation, { headSize, causal, architecture: 80 });
        let differing = 0;
        for (const [result, values] of Object.entries(onTensorCores)) {
          compareNumbers(result, plain[result], values, result === "logSumExp" ? 1e-5 : 2e-2);
          differing += values.filter((value, i) => value !== plain[result][i]).length;
        }
        // Another order of sums rounds differently somewhere: it was another kernel.
        assert(differing > 0);
      }
    });
  }
}

// Attention and its gradients of grouped heads with more keys than queries and sizes that no tile divides.
function attend(
  emulation: Emulation,
  { headSize, causal, architecture }: { headSize: number; causal: boolean; architecture: number },
): Record<string, Float32Array> {
  Deno.env.set("DENOLM_EMULATED_ARCHITECTURE", String(architecture));
  try {
    using device = new Device(emulation.open());
    using arena = device.arena("attention");
    const random = new Random(1);
    const [batch, queryLength, keyLength, numHeads, numKvHeads] = [2, 70, 101, 4, 2];
    const operand = (length: number, heads: number) => {
      const [rowStride, batchStride] = [heads * headSize, length * heads * headSize];
      const slice = arena.alloc(batch * batchStride, "bf16");
      device.upload(slice, Float32Array.from({ length: slice.length }, () => 1.5 * random.normal()));
      return { slice, rowStride, batchStride };
    };
    const [q, out, dOut, dQ] = Array.from({ length: 4 }, () => operand(queryLength, numHeads));
    const [k, v, dK, dV] = Array.from({ length: 4 }, () => operand(keyLength, numKvHeads));
    const logSumExp = arena.alloc(batch * numHeads * queryLength, "f32");
    const sizes = { batch, queryLength, keyLength, numHeads, numKvHeads, headSize };
    const args = { ...sizes, causal, scale: 1 / Math.sqrt(headSize), q, k, v, out, logSumExp };
    device.attention(args);
    device.attentionBackward({ ...args, dOut, dQ, dK, dV });
    const results = { out: out.slice, logSumExp, dQ: dQ.slice, dK: dK.slice, dV: dV.slice };
    return Object.fromEntries(Object.entries(results).map(([name, slice]) => [name, device.download(slice)]));
  } finally {
    Deno.env.delete("DENOLM_EMULATED_ARCHITECTURE");
  }
}
