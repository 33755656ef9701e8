import { assertEquals } from "@std/assert";
import type { Device } from "../../lib/tensor/device.ts";
import { Workbench } from "./workbench.ts";

/**
 * Attention whose scores are so large that one key has all the weight: its value gets the whole gradient, and queries
 * and keys get none at all. A rounding error in its place would be multiplied by them.
 */
export function assertSaturatedAttentionHasNoGradient(device: Device, headSize: number, length: number): void {
  using bench = new Workbench(device, headSize);
  const numHeads = 3, width = numHeads * headSize;
  const rows = (spread: number) => {
    return { slice: bench.normal(length * width, spread), rowStride: width, batchStride: length * width };
  };
  const [q, k, v, out, dOut, dQ, dK, dV] = [1e6, 1e6, 1, 1, 1, 1, 1, 1].map(rows);
  const sizes = { batch: 1, queryLength: length, keyLength: length, numHeads, numKvHeads: numHeads, headSize };
  const args = { ...sizes, causal: true, q, k, v, out, logSumExp: bench.output(length * numHeads), scale: 1 };
  device.attention(args);
  device.attentionBackward({ ...args, dOut, dQ, dK, dV });
  if (length === 1) {
    assertEquals(device.download(out.slice), device.download(v.slice));
    assertEquals(device.download(dV.slice), device.download(dOut.slice));
  }
  for (const gradient of [dQ, dK]) assertEquals(device.download(gradient.slice).find((x) => x !== 0), undefined);
}
