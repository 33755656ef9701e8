import { assertThrows } from "@std/assert";
import { add } from "../../lib/model/add.ts";
import { multiheadSelfAttention, scaledDotProductAttention } from "../../lib/model/attention.ts";
import { crossEntropy } from "../../lib/model/cross_entropy.ts";
import { embedding } from "../../lib/model/embedding.ts";
import { feedForward, swiglu } from "../../lib/model/feed_forward.ts";
import { linear } from "../../lib/model/linear.ts";
import { reluSquared } from "../../lib/model/relu_squared.ts";
import { addRmsNorm, rmsNorm } from "../../lib/model/rms_norm.ts";
import { rope, ropeTable } from "../../lib/model/rope.ts";
import { silu } from "../../lib/model/silu.ts";
import { softmax } from "../../lib/model/softmax.ts";
import { transformerBlock } from "../../lib/model/transformer_block.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import type { Tape } from "../../lib/tensor/tape.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { variants } from "../device_conformance/trajectories.ts";
import { Laboratory } from "./finite_differences.ts";

function check(name: string, run: (lab: Laboratory) => void): void {
  Deno.test(`the gradients of ${name} agree with finite differences`, () => {
    using lab = new Laboratory();
    run(lab);
  });
}

check("linear()", (lab) => {
  const [x, weight] = [lab.normal(2, 3, 5), lab.normal(4, 5)];
  lab.checkGradients((tape) => linear(tape, x, weight), { x, weight });
});

check("linear() with several weights", (lab) => {
  const [x, first, second] = [lab.normal(6, 5), lab.normal(4, 5), lab.normal(3, 5)];
  lab.checkGradients((tape) => linear(tape, x, [first, second]), { x, first, second });
});

check("embedding()", (lab) => {
  const [ids, table] = [lab.tape.integers([1, 4, 1, 0], [2, 2]), lab.normal(5, 3)];
  lab.checkGradients((tape) => embedding(tape, ids, table), { table });
});

check("rmsNorm()", (lab) => {
  const [x, weight] = [lab.normal(2, 3, 5), lab.normal(5)];
  lab.checkGradients((tape) => rmsNorm(tape, x, weight), { x, weight });
});

check("rmsNorm() of heads side by side", (lab) => {
  const [x, weight] = [lab.normal(2, 3, 12), lab.normal(4)];
  lab.checkGradients((tape) => rmsNorm(tape, x, weight), { x, weight });
});

check("addRmsNorm() through its sum and its norm", (lab) => {
  const [x, y, weight] = [lab.normal(3, 5), lab.normal(3, 5), lab.normal(5)];
  const identity = lab.tape.tensor(Array.from({ length: 25 }, (_, i) => i % 6 === 0 ? 1 : 0), [5, 5]);
  lab.checkGradients((tape) => {
    // The sum takes the place of its second term, so that is made anew.
    const { sum, normed } = addRmsNorm(tape, x, linear(tape, y, identity), weight, 1e-5);
    return add(tape, sum, normed);
  }, { x, y, weight });
});

check("add() of a tensor to itself", (lab) => {
  const x = lab.normal(7);
  lab.checkGradients((tape) => add(tape, silu(tape, x), add(tape, x, x)), { x });
});

check("silu()", (lab) => {
  const x = lab.normal(20);
  lab.checkGradients((tape) => silu(tape, x), { x });
});

check("reluSquared()", (lab) => {
  const x = lab.normal(20);
  lab.checkGradients((tape) => reluSquared(tape, x), { x });
});

check("swiglu()", (lab) => {
  const [x, w1, w2, w3] = [lab.normal(2, 3, 4), lab.normal(6, 4), lab.normal(4, 6), lab.normal(6, 4)];
  lab.checkGradients((tape) => swiglu(tape, x, w1, w2, w3), { x, w1, w2, w3 });
});

for (const kind of ["silu", "relu2"] as const) {
  check(`feedForward() without a gate, ${kind}`, (lab) => {
    const [x, up, down] = [lab.normal(2, 3, 4), lab.normal(6, 4), lab.normal(4, 6)];
    lab.checkGradients((tape) => feedForward(tape, x, { up: [up], down, kind }), { x, up, down });
  });
}

check("rope()", (lab) => {
  const [x, positions] = [lab.normal(2, 3, 6), lab.tape.integers([4, 0, 9])];
  const table = ropeTable(lab.device, lab.tape.arena, { theta: 100, headSize: 6, maxPositions: 10 });
  lab.checkGradients((tape) => rope(tape, x, positions, table), { x });
});

check("softmax()", (lab) => {
  const x = lab.normal(2, 3, 5);
  lab.checkGradients((tape) => softmax(tape, x), { x });
});

check("softmax() over another dimension", (lab) => {
  const x = lab.normal(2, 3, 5);
  lab.checkGradients((tape) => add(tape, softmax(tape, x, 0), softmax(tape, x, 1)), { x });
});

check("scaledDotProductAttention() with a mask", (lab) => {
  const [q, k, v] = [lab.normal(2, 3, 4), lab.normal(2, 5, 4), lab.normal(2, 5, 4)];
  const mask = lab.tape.integers(Array.from({ length: 30 }, (_, i) => i % 3 !== 0), [2, 3, 5]);
  lab.checkGradients((tape) => scaledDotProductAttention(tape, q, k, v, mask), { q, k, v });
});

check("scaledDotProductAttention() of one tensor with itself", (lab) => {
  const x = lab.normal(2, 3, 4);
  lab.checkGradients((tape) => scaledDotProductAttention(tape, x, x, x), { x });
});

check("multiheadSelfAttention() with grouped queries and rope", (lab) => {
  const [x, wq, wk, wv, output] = [
    lab.normal(2, 5, 8),
    lab.normal(8, 8),
    lab.normal(4, 8),
    lab.normal(4, 8),
    lab.normal(8, 8),
  ];
  const table = ropeTable(lab.device, lab.tape.arena, { theta: 100, headSize: 2, maxPositions: 5 });
  const positions = lab.tape.integers([0, 1, 2, 3, 4]).slice;
  lab.checkGradients(
    (tape) =>
      multiheadSelfAttention(tape, x, { qkv: [wq, wk, wv], output }, {
        numHeads: 4,
        numKvHeads: 2,
        rope: { table, positions },
      }),
    { x, wq, wk, wv, output },
  );
});

check("multiheadSelfAttention() with norms of queries and keys, grouped queries and rope", (lab) => {
  const [x, wq, wk, wv, output, q, k] = [
    ...[lab.normal(2, 5, 8), lab.normal(8, 8), lab.normal(4, 8), lab.normal(4, 8), lab.normal(8, 8)],
    ...[lab.normal(2), lab.normal(2)],
  ];
  const table = ropeTable(lab.device, lab.tape.arena, { theta: 100, headSize: 2, maxPositions: 5 });
  const positions = lab.tape.integers([0, 1, 2, 3, 4]).slice;
  lab.checkGradients(
    (tape) =>
      multiheadSelfAttention(tape, x, { qkv: [wq, wk, wv], norms: { q, k }, output }, {
        numHeads: 4,
        numKvHeads: 2,
        rope: { table, positions },
      }),
    { x, wq, wk, wv, output, q, k },
  );
});

for (const norm of ["pre", "post", "none"] as const) {
  check(`transformerBlock() with norm ${norm}`, (lab) => {
    const [x, wq, wk, wv, output] = [lab.normal(1, 3, 4), ...[0, 1, 2, 3].map(() => lab.normal(4, 4))];
    const [w1, w2, w3, ln1, ln2] = [lab.normal(6, 4), lab.normal(4, 6), lab.normal(6, 4), lab.normal(4), lab.normal(4)];
    const ffn = { up: [w1, w3], down: w2, kind: "swiglu" as const };
    const options = { numHeads: 2, norm, epsilon: 1e-5 };
    const norms: Record<string, Tensor> = norm === "none" ? {} : { ln1, ln2 };
    lab.checkGradients(
      (tape) => transformerBlock(tape, x, { attn: { qkv: [wq, wk, wv], output }, ffn, ln1, ln2 }, options),
      { x, wq, wk, wv, output, w1, w2, w3, ...norms },
    );
  });
}

check("crossEntropy(), and of a multiple of it", (lab) => {
  const [x, weight, targets] = [lab.normal(4, 3), lab.normal(6, 3), lab.tape.integers([0, 5, 2, 2])];
  lab.checkGradients((tape) => crossEntropy(tape, linear(tape, x, weight), targets), { x, weight });
});

check("crossEntropy() with keepLogits, beside other losses of the same logits", (lab) => {
  const [x, weight] = [lab.normal(4, 3), lab.normal(6, 3)];
  const [targets, others] = [lab.tape.integers([0, 5, 2, 2]), lab.tape.integers([1, 1, 3, 0])];
  lab.checkGradients((tape) => {
    const logits = linear(tape, x, weight);
    const before = sum(tape, silu(tape, logits));
    const losses = [targets, others].map((ids) => crossEntropy(tape, logits, ids, { keepLogits: true }));
    return [...losses, sum(tape, silu(tape, logits))].reduce((total, loss) => add(tape, total, loss), before);
  }, { x, weight });
});

function sum(tape: Tape, x: Tensor): Tensor {
  const out = tape.empty([]);
  tape.device.sum({ x: x.slice, out: out.slice, factor: 1 });
  const backward = () =>
    tape.contribute(x, (dX) => {
      tape.device.fill({ x: dX, value: 1 });
      tape.device.scale({ x: dX, out: dX, factor: out.gradient!.slice });
    });
  tape.record({ outputs: [out], backward });
  return out;
}

for (
  const [variant, changes] of Object.entries({
    ...variants,
    grouped_queries: { num_kv_heads: 2 },
    qk_norm: { qk_norm: true, num_kv_heads: 2 },
    qk_norm_post: { qk_norm: true, norm: "post" as const },
    relu2: { ffn: "relu2" as const, norm: "none" as const },
  })
) {
  check(`the ${variant} language model`, (lab) => {
    using model = new TransformerLM(lab.device, {
      ...{ vocab_size: 13, context_length: 6, num_layers: 2, d_model: 16, num_heads: 4, d_ff: 24 },
      ...changes,
    });
    const tokens = lab.tape.integers([1, 2, 12, 0, 5, 5, 7, 1], [2, 4]);
    const targets = lab.tape.integers([2, 12, 0, 3, 5, 7, 1, 9], [2, 4]);
    const parameters = [...model.parameters.named].map(([name, { weights, gradients }]) =>
      [name, { weights, gradients: gradients! }] as const
    );
    lab.checkGradients((tape) => model.loss(tape, tokens, targets), Object.fromEntries(parameters), 8);
  });
}

Deno.test("a wrong gradient does not pass the check by finite differences", () => {
  using lab = new Laboratory();
  const x = lab.normal(5);
  assertThrows(
    () =>
      lab.checkGradients((tape) => {
        const out = tape.empty([5]);
        tape.device.scale({ x: x.slice, out: out.slice, factor: 3 });
        const backward = () =>
          tape.contribute(x, (dX) => tape.device.scale({ x: out.gradient!.slice, out: dX, factor: 3.00001 }));
        tape.record({ outputs: [out], backward });
        return out;
      }, { x }),
    Error,
    "difference quotient",
  );
});
