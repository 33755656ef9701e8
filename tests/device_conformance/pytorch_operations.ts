import type { Device } from "../../lib/tensor/device.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { multiheadSelfAttention, scaledDotProductAttention } from "../../lib/model/attention.ts";
import { crossEntropy } from "../../lib/model/cross_entropy.ts";
import { embedding } from "../../lib/model/embedding.ts";
import { swiglu } from "../../lib/model/feed_forward.ts";
import { linear } from "../../lib/model/linear.ts";
import { rmsNorm } from "../../lib/model/rms_norm.ts";
import { rope, ropeTable } from "../../lib/model/rope.ts";
import { silu } from "../../lib/model/silu.ts";
import { softmax } from "../../lib/model/softmax.ts";
import { readReference, reference } from "../fixtures/reference_tensors.ts";
import { compareNumbers } from "./conformance.ts";

type Operation = (tape: Tape, inputs: Record<string, Tensor>) => Tensor;

const attention: Operation = (tape, { q, k, v, mask }) => scaledDotProductAttention(tape, q, k, v, mask);
const causal: Operation = (tape, { q, k, v }) => {
  const length = q.shape.at(-2)!;
  const mask = Array.from({ length: length * length }, (_, i) => i % length <= Math.floor(i / length));
  return scaledDotProductAttention(tape, q, k, v, tape.integers(mask, [length, length]));
};
const heads = (withRope: boolean): Operation => (tape, { x, wq, wk, wv, wo }) => {
  const [length, numHeads] = [x.shape[1], reference.ops.num_heads];
  const table = { theta: 10_000, headSize: x.columns / numHeads, maxPositions: length };
  return multiheadSelfAttention(tape, x, { qkv: [wq, wk, wv], output: wo }, {
    numHeads,
    rope: withRope
      ? {
        table: ropeTable(tape.device, tape.arena, table),
        positions: tape.integers(Array.from({ length }, (_, i) => i)).slice,
      }
      : undefined,
  });
};

// Named as in make_reference.py.
const operations: Record<string, Operation> = {
  linear: (tape, { x, weight }) => linear(tape, x, weight),
  embedding: (tape, { ids, weight }) => embedding(tape, ids, weight),
  rmsnorm: (tape, { x, weight }) => rmsNorm(tape, x, weight),
  silu: (tape, { x }) => silu(tape, x),
  swiglu: (tape, { x, w1, w2, w3 }) => swiglu(tape, x, w1, w2, w3),
  rope: (tape, { x, positions }) =>
    rope(
      tape,
      x,
      positions,
      ropeTable(tape.device, tape.arena, { theta: 10_000, headSize: x.columns, maxPositions: 64 }),
    ),
  softmax: (tape, { x }) => softmax(tape, x),
  sdpa_masked: attention,
  sdpa_causal: causal,
  sdpa_causal_long: causal,
  mha: heads(false),
  mha_rope: heads(true),
  cross_entropy: (tape, { logits, targets }) => crossEntropy(tape, logits, targets),
  cross_entropy_large: (tape, { logits, targets }) => crossEntropy(tape, logits, targets),
};

/** Registers a test for each differentiable operation: result and gradients beside PyTorch's, on a device. */
export function pytorchOperations(name: string, open: () => Device | Promise<Device>): void {
  const tensors = readReference("ops");
  for (const [operation, run] of Object.entries(operations)) {
    Deno.test(`${name}: ${operation} gives PyTorch's result within 1e-5 and its gradients within 1e-4`, async () => {
      using device = await open();
      using tape = new Tape(device);
      const fields = [...tensors.keys()].filter((key) => key.startsWith(`${operation}/`)).map((key) =>
        key.split("/")[1]
      );
      const known = (field: string) => tensors.get(`${operation}/${field}`)!;
      const inputs: Record<string, Tensor> = {};
      for (const field of fields) {
        if (field.startsWith("d_") || field === "out" || field === "loss") continue;
        const { data, shape } = known(field);
        inputs[field] = data instanceof Int32Array ? tape.integers(data, shape) : tape.tensor(data, shape);
      }
      const out = run(tape, inputs);
      compareNumbers("out", (tensors.get(`${operation}/out`) ?? known("loss")).data, tape.read(out), 1e-5);
      tape.backward(out, tensors.get(`${operation}/d_out`)?.data);
      const gradients = fields.filter((field) => field.startsWith("d_") && field !== "d_out");
      if (gradients.length === 0) throw new Error("no gradient to compare");
      for (const field of gradients) {
        compareNumbers(field, known(field).data, tape.readGradient(inputs[field.slice(2)]), 1e-4);
      }
    });
  }
}
