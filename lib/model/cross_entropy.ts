import type { Tape } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Factor of the gradient (not of the loss): 1 / N when N batches are accumulated into one step. 1 if left out. */
  gradientScale?: number;
}

/**
 * The mean over all rows of -log softmax(logits)[target], in nats (handout, cross entropy), for logits [...,
 * vocab_size] and targets [...].
 *
 * Fused with its gradient: when the tape records, the gradient takes the place of the logits at once, so read them
 * before. A target outside of the vocabulary gives NaN.
 *
 * @returns One number, [].
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const loss = crossEntropy(tape, tape.tensor([0, 0, 0, 0], [2, 2]), tape.integers([0, 1]));
 * assertAlmostEquals(tape.read(loss)[0], Math.log(2), 1e-6);
 * ```
 */
export function crossEntropy(
  tape: Tape,
  logits: Tensor,
  targets: Tensor,
  { gradientScale = 1 }: CrossEntropyOptions = {},
): Tensor {
  const { rows, columns } = logits;
  if (targets.slice.length !== rows) {
    throw new RangeError(
      `Cannot compute the cross entropy: logits are [${logits.shape.join(", ")}], targets [${
        targets.shape.join(", ")
      }]; give one target for each of the ${rows} rows`,
    );
  }
  const losses = tape.scratch(rows);
  const loss = tape.empty([], "f32");
  tape.device.crossEntropy({
    logits: logits.slice,
    targets: targets.slice,
    losses,
    rows,
    columns,
    scale: gradientScale / rows,
    dLogits: tape.recording ? logits.slice : undefined,
  });
  tape.device.sum({ x: losses, out: loss.slice, factor: 1 / rows });
  tape.release(losses);
  tape.record({
    outputs: [loss],
    backward() {
      // Gradients of something computed from the loss need its factor; the loss itself has a gradient of 1.
      if (!tape.isRoot(loss)) {
        tape.device.scale({ x: logits.slice, out: logits.slice, factor: loss.gradient!.slice });
      }
      tape.replaceByGradient(logits);
    },
  });
  return loss;
}

/**
 * The loss of every row, -log softmax(logits)[target] in nats, without a gradient: for evaluation. Same arguments as
 * `crossEntropy`.
 *
 * @returns One number for each target, in the shape of the targets.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const logits = tape.tensor([0, 0, 0, 9], [2, 2]);
 * const [first, second] = tape.read(crossEntropyByRow(tape, logits, tape.integers([0, 1])));
 * assertAlmostEquals(first, Math.log(2), 1e-6);
 * assertAlmostEquals(second, Math.log(1 + Math.exp(-9)), 1e-6);
 * ```
 */
export function crossEntropyByRow(tape: Tape, logits: Tensor, targets: Tensor): Tensor {
  const { rows, columns } = logits;
  const losses = new Tensor(tape.scratch(rows), targets.shape);
  tape.device.crossEntropy({
    logits: logits.slice,
    targets: targets.slice,
    losses: losses.slice,
    rows,
    columns,
    scale: 1,
  });
  return losses;
}
