import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { linear } from "./linear.ts";
import { reluSquared } from "./relu_squared.ts";
import { silu } from "./silu.ts";

/**
 * The gated feed-forward layer w2(silu(w1 x) * w3 x) (handout, SwiGLU; Shazeer, 2020), for x [..., d_model], w1 and w3
 * [d_ff, d_model], and w2 [d_model, d_ff].
 *
 * @throws {RangeError} If the weights have other shapes.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const [w1, w2, w3] = [1, 5, 3].map((weight) => tape.tensor([weight], [1, 1]));
 * const y = swiglu(tape, tape.tensor([2], [1, 1]), w1, w2, w3);
 * assertAlmostEquals(tape.read(y)[0], 5 * (2 / (1 + Math.exp(-2))) * 6, 1e-4);
 * ```
 */
export function swiglu(tape: Tape, x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor): Tensor {
  return feedForward(tape, x, { up: [w1, w3], down: w2, kind: "swiglu" });
}

/** Weights of a feed-forward layer. */
export interface FeedForwardWeights {
  /** For swiglu w1 and w3, or one tensor of both stacked; else w1. */
  up: readonly Tensor[];
  /** w2. */
  down: Tensor;
  /** Gated, w2(silu(w1 x)), or w2(max(0, w1 x)^2). */
  kind: "swiglu" | "silu" | "relu2";
}

/**
 * The feed-forward layer of a block, its parts named under `component`, for x [..., d_model].
 *
 * @throws {RangeError} If the weights are not those of this kind of layer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const [w1, w2] = [3, 5].map((weight) => tape.tensor([weight], [1, 1]));
 * const y = feedForward(tape, tape.tensor([2], [1, 1]), { up: [w1], down: w2, kind: "relu2" });
 * assertEquals(tape.read(y), new Float32Array([5 * (3 * 2) ** 2]));
 * ```
 */
export function feedForward(
  tape: Tape,
  x: Tensor,
  { up, down, kind }: FeedForwardWeights,
  component: string = "ffn",
): Tensor {
  checkUp(up, kind);
  tape.component(`${component}.${kind === "swiglu" ? "w1_w3" : "w1"}`);
  const raised = linear(tape, x, up);
  tape.component(`${component}.activation`);
  const active = { swiglu: gate, silu, relu2: reluSquared }[kind](tape, raised);
  tape.discard(raised);
  tape.component(`${component}.w2`);
  const out = linear(tape, active, down);
  tape.discard(active);
  return out;
}

// As many rows as the gate and what it lets through need: of other numbers of rows the halves would be mixed.
function checkUp(up: readonly Tensor[], kind: FeedForwardWeights["kind"]): void {
  const [first, second] = up.map(({ shape: [rows] }) => rows);
  const fits = kind === "swiglu"
    ? (up.length === 1 && first % 2 === 0) || (up.length === 2 && first === second)
    : up.length === 1 && (kind === "silu" || kind === "relu2");
  if (fits) return;
  const shapes = up.map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
  throw new RangeError(
    `Cannot apply the feed-forward layer: its kind is ${kind}, up is ${shapes}; give swiglu w1 and w3, both ` +
      `[d_ff, d_model], or one tensor of both stacked, and silu or relu2 one tensor`,
  );
}

// The halves of x are gate and up. Its backward pass writes the gradient over x: only this file calls it, with what a
// linear layer made, which nobody else reads.
function gate(tape: Tape, x: Tensor): Tensor {
  const { rows } = x;
  const columns = x.columns / 2;
  const sizes = { rows, columns, stride: x.columns };
  const [first, second] = [x.slice, x.slice.sub(columns)];
  const out = tape.empty([...x.shape.slice(0, -1), columns]);
  tape.device.swiglu({ gate: first, up: second, out: out.slice, ...sizes });
  tape.record({
    outputs: [out],
    backward() {
      tape.replaceByGradient(x);
      const dOut = out.gradient!.slice;
      tape.device.swigluBackward({ gate: first, up: second, dOut, dGate: first, dUp: second, ...sizes });
    },
  });
  return out;
}
