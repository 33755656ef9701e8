import { assertThrows } from "@std/assert";
import { Device } from "../../lib/tensor/device.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";

// Every device refuses alike, since Device checks before a backend is called: one that computes and one that counts.
const devices = { reference: () => new Device(new ReferenceBackend()), meta: () => new MetaDevice() };

for (const [name, open] of Object.entries(devices)) {
  Deno.test(`${name}: operations refuse slices that are too short, typed wrong, overlapping or elsewhere`, () => {
    using device = open();
    using arena = device.arena("test");
    const f32 = (length: number) => arena.alloc(length, "f32");
    const i32 = (length: number) => arena.alloc(length, "i32");
    const refuse = (run: () => void, message: string) => assertThrows(run, Error, message);

    const [a, b, c] = [f32(6), f32(12), f32(8)];
    refuse(
      () => device.matmul({ a, b, c, m: 3, n: 4, k: 3 }),
      "Cannot run matmul: a has 6 elements; the dimensions given need 9",
    );
    refuse(() => device.matmul({ a, b, c, m: 2, n: 4, k: 0 }), "k is 0");
    const wide = new Float64Array(6) as unknown as Float32Array;
    refuse(() => device.upload(a, wide), "the slice is f32, the array Float64Array");
    refuse(() => device.upload(i32(6), wide), "the slice is i32, the array Float64Array");
    refuse(() => device.download(a, wide), "the slice is f32, the array Float64Array");
    refuse(() => device.matmul({ a, b, c, m: 2, n: 4, k: 3, strideB: 3 }), "stride of b is 3");
    refuse(() => device.matmul({ a, b, c, m: 2, n: 4, k: 3, strideC: 5 }), "c has 8");
    refuse(() => device.matmul({ a, b, c, m: 1, n: 4, k: 3, batch: 2, batchStrideC: 3 }), "must not overlap");
    refuse(() => device.matmul({ a, b, c: b.sub(4), m: 2, n: 4, k: 3 }), "c overlaps b");
    refuse(() => device.matmul({ a: i32(6), b, c, m: 2, n: 4, k: 3 }), "a is i32; it must be f32 or bf16");

    refuse(() => device.add({ a, b, out: a }), "b has 12 elements, out 6");
    refuse(() => device.silu({ x: b.sub(0, 8), out: b.sub(4, 8) }), "out overlaps x");
    refuse(
      () => device.embedding({ ids: f32(2), table: b, out: c, rows: 2, columns: 4, vocabSize: 3 }),
      "ids is f32; it must be i32",
    );
    refuse(
      () => device.swiglu({ gate: b, up: b, out: c, rows: 1.5, columns: 2, stride: 2 }),
      "rows is 1.5",
    );
    const tables = { cos: f32(2), sin: f32(2), tableRows: 2, positions: i32(2), numPositions: 2, heads: 1 };
    const strides = { strideX: 3, strideOut: 3, inverse: false };
    refuse(() => device.rope({ x: a, out: a, rows: 2, headSize: 3, ...tables, ...strides }), "headSize is 3");

    const operand = (rows: number) => ({ slice: f32(rows * 4), rowStride: 4, batchStride: rows * 4 });
    const attention = {
      ...{ batch: 1, numHeads: 2, numKvHeads: 2, headSize: 2, scale: 1, causal: true, logSumExp: f32(6) },
      ...{ q: operand(3), k: operand(3), v: operand(3), out: operand(3), queryLength: 3, keyLength: 3 },
    };
    device.attention(attention);
    refuse(() => device.attention({ ...attention, keyLength: 2 }), "at least as many keys as queries");
    refuse(() => device.attention({ ...attention, numKvHeads: 3 }), "multiple of numKvHeads");
    refuse(() => device.attention({ ...attention, keyLength: 4 }), "k has 12");
    refuse(() => device.attention({ ...attention, mask: i32(8) }), "queryLength * keyLength = 9");
    refuse(() => device.attention({ ...attention, out: attention.v }), "out overlaps v");
    const gradients = { dOut: operand(3), dQ: operand(3), dK: operand(3), dV: operand(3) };
    device.attentionBackward({ ...attention, ...gradients });
    refuse(() => device.attentionBackward({ ...attention, ...gradients, dQ: gradients.dOut }), "dQ overlaps dOut");

    const losses = f32(2);
    const loss = { logits: c, targets: i32(2), losses, scale: 1, rows: 2, columns: 4 };
    device.crossEntropy({ ...loss, dLogits: c });
    refuse(() => device.crossEntropy({ ...loss, dLogits: f32(7) }), "dLogits has 7");
    refuse(
      () => device.clipCoefficient({ sumOfSquares: losses, norm: losses, coefficient: losses, maxNorm: 0 }),
      "maxNorm is 0",
    );
    refuse(() => device.inverseNorm({ sumOfSquares: losses, out: losses, epsilon: 0 }), "epsilon is 0");
    refuse(() => device.upload(a, new Float32Array(5)), "the array has 5 elements, the slice 6");
    refuse(() => device.upload(i32(5), new Float32Array(5)), "i32 goes with Int32Array");

    using other = open();
    using elsewhere = other.arena("elsewhere");
    refuse(() => device.add({ a, b: elsewhere.alloc(6, "f32"), out: a }), "b is on another device");
  });
}
