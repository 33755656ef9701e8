import { Device } from "../../../lib/tensor/device.ts";
import type { Operations } from "../../../lib/tensor/operations.ts";
import type { Block, Slice } from "../../../lib/tensor/slice.ts";

// For every operation, the arguments that may be bfloat16; what is not named stays as the case made it.
const BF16_ARGUMENTS: Record<keyof Operations, readonly string[]> = {
  matmul: ["a", "b", "c"],
  embedding: ["table", "out"],
  embeddingBackward: ["dOut"],
  rmsNorm: ["x", "weight", "out"],
  addRmsNorm: ["a", "b", "sum", "weight", "out"],
  rmsNormBackward: ["x", "weight", "dOut", "dX"],
  rope: ["x", "out"],
  attention: ["q", "k", "v", "out"],
  attentionBackward: ["q", "k", "v", "out", "dOut", "dQ", "dK", "dV"],
  silu: ["x", "out"],
  siluBackward: ["x", "dOut", "dX"],
  reluSquared: ["x", "out"],
  reluSquaredBackward: ["x", "dOut", "dX"],
  swiglu: ["gate", "up", "out"],
  swigluBackward: ["gate", "up", "dOut", "dGate", "dUp"],
  softmax: ["x", "out"],
  softmaxBackward: ["out", "dOut", "dX"],
  crossEntropy: ["logits", "dLogits"],
  add: ["a", "b", "out"],
  mul: ["a", "b", "out"],
  scale: ["x", "out"],
  axpy: ["x", "y"],
  sum: ["x"],
  sumOfSquares: ["x"],
  clipCoefficient: [],
  inverseNorm: [],
  adamwStep: ["gradients"],
  sgdStep: ["gradients"],
  copy: [],
  copyRows: ["source", "destination"],
  fill: ["x"],
};

/** Makes a device round what is uploaded to bfloat16, so that it and a bfloat16 device start from the same numbers. */
export function roundUploads(device: Device): void {
  const upload = device.upload.bind(device);
  device.upload = (to, data) => upload(to, data instanceof Float32Array ? data.map(roundToBf16) : data);
}

/**
 * Makes a device run every operation in bfloat16 although its caller has float32: each block of memory gets a bfloat16
 * twin, to which the operands are copied before and from which they come back after.
 */
export function runInBf16(device: Device): void {
  const twins = new Map<Block, Slice>();
  const arena = device.arena("bfloat16 twins");
  const copy = device.copy.bind(device);
  const twinOf = (slice: Slice): Slice => {
    let twin = twins.get(slice.block);
    if (twin === undefined) twins.set(slice.block, twin = arena.alloc(slice.block.bytes / 4, "bf16"));
    return twin.sub(slice.byteOffset / 4, slice.length);
  };
  for (const operation of Object.keys(BF16_ARGUMENTS) as (keyof Operations)[]) {
    const original = device[operation].bind(device) as (args: never) => void;
    const replaced = (args: Record<string, unknown>) => {
      const changed = { ...args };
      const pairs: [Slice, Slice][] = [];
      const exchange = (slice: Slice): Slice => {
        if (slice.dtype !== "f32") return slice;
        pairs.push([slice, twinOf(slice)]);
        return pairs.at(-1)![1];
      };
      for (const name of BF16_ARGUMENTS[operation]) {
        const value = args[name] as Slice | { slice: Slice } | undefined;
        if (value === undefined) continue;
        changed[name] = "slice" in value ? { ...value, slice: exchange(value.slice) } : exchange(value as Slice);
      }
      for (const [source, destination] of pairs) copy({ source, destination });
      original(changed as never);
      for (const [destination, source] of pairs) copy({ source, destination });
    };
    Object.defineProperty(device, operation, { value: replaced });
  }
}

function roundToBf16(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  if (!Number.isNaN(value)) bits.setUint32(0, (word + 0x7fff + (word >>> 16 & 1)) & 0xffff0000);
  return bits.getFloat32(0);
}
