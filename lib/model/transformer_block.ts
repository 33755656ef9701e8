import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add } from "./add.ts";
import { type AttentionOptions, type AttentionWeights, multiheadSelfAttention } from "./attention.ts";
import { feedForward, type FeedForwardWeights } from "./feed_forward.ts";
import { addRmsNorm, rmsNorm } from "./rms_norm.ts";

/** Weights of a Transformer block. */
export interface BlockWeights {
  /** Attention. */
  attn: AttentionWeights;
  /** Feed-forward layer. */
  ffn: FeedForwardWeights;
  /** Norm of the attention, [d_model]; not for norm "none". */
  ln1?: Tensor;
  /** Norm of the feed-forward layer, [d_model]; not for norm "none". */
  ln2?: Tensor;
}

/** How a block computes. */
export interface BlockOptions extends AttentionOptions {
  /** Before the layers, after the sums, or nowhere. */
  norm: "pre" | "post" | "none";
  /** Added to the mean square in RMSNorm. */
  epsilon: number;
}

/**
 * One Transformer block (handout, transformer_block): y = x + attention(norm(x)), then y + ffn(norm(y)); with norm
 * "post" y = norm(x + attention(x)), then norm(y + ffn(y)); with norm "none" the same without norms.
 *
 * @param x [..., T, d_model].
 * @throws {RangeError} If a norm's weight is missing.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const zeros = () => tape.tensor([0, 0, 0, 0], [2, 2]);
 * const weights = {
 *   attn: { qkv: [zeros(), zeros(), zeros()], output: zeros() },
 *   ffn: { up: [zeros()], down: zeros(), kind: "silu" },
 * } as const;
 * const x = tape.tensor([1, 2, 3, 4], [2, 2]);
 * const y = transformerBlock(tape, x, weights, { numHeads: 1, norm: "none", epsilon: 1e-5 });
 * assertEquals(tape.read(y), tape.read(x)); // layers that give 0 leave the residual stream as it is
 * ```
 */
export function transformerBlock(tape: Tape, x: Tensor, weights: BlockWeights, options: BlockOptions): Tensor {
  return settle(tape, passBlock(tape, { stream: x }, weights, options, "block"));
}

/**
 * The residual stream between layers. The last layer's result may still be waiting to be added: in a pre-norm model
 * a norm follows every sum, and the two are one operation.
 */
export interface ResidualStream {
  /** The sum so far. */
  stream: Tensor;
  /** What is to be added to it. */
  pending?: Tensor;
}

/** Passes a residual stream through a block, whose parts are named under `component`. */
export function passBlock(
  tape: Tape,
  x: ResidualStream,
  weights: BlockWeights,
  options: BlockOptions,
  component: string,
): ResidualStream {
  const attend = (h: Tensor) => multiheadSelfAttention(tape, h, weights.attn, options, `${component}.attn`);
  const raise = (h: Tensor) => feedForward(tape, h, weights.ffn, `${component}.ffn`);
  for (const [layer, name] of [[attend, "ln1"], [raise, "ln2"]] as const) {
    if (options.norm === "pre") {
      tape.component(`${component}.${name}`);
      const { stream, normed } = normalize(tape, x, weights[name], options.epsilon);
      x = { stream, pending: layer(normed) };
      tape.discard(normed);
    } else {
      const stream = settle(tape, x);
      const pending = layer(stream);
      tape.component(`${component}.${name}`);
      if (options.norm === "none") {
        x = { stream: settle(tape, { stream, pending }) };
      } else {
        const normed = normalize(tape, { stream, pending }, weights[name], options.epsilon);
        tape.discard(normed.stream);
        x = { stream: normed.normed };
      }
    }
  }
  return x;
}

/**
 * Adds what is pending and normalizes the sum.
 *
 * @returns The sum and its norm.
 * @throws {RangeError} If there is no weight.
 */
export function normalize(
  tape: Tape,
  { stream, pending }: ResidualStream,
  weight: Tensor | undefined,
  epsilon: number,
): { stream: Tensor; normed: Tensor } {
  if (weight === undefined) {
    throw new RangeError('Cannot normalize: the norm has no weight; give ln1 and ln2, or choose norm "none"');
  }
  if (pending === undefined) return { stream, normed: rmsNorm(tape, stream, weight, epsilon) };
  const { sum, normed } = addRmsNorm(tape, stream, pending, weight, epsilon);
  tape.discard(stream);
  return { stream: sum, normed };
}

/** Adds what is pending. */
export function settle(tape: Tape, { stream, pending }: ResidualStream): Tensor {
  if (pending === undefined) return stream;
  const sum = add(tape, stream, pending);
  tape.discard(stream);
  tape.discard(pending);
  return sum;
}
