import type { Tape } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Factor of the gradient (not of the loss): 1 / N when N batches are accumulated into one step. 1 if left out. */
  gradientScale?: number;
  /**
   * True keeps the logits, for a loss that takes more of them than this one, and costs memory for their gradient. False
   * if left out: the gradient takes their place.
   */
  keepLogits?: boolean;
}

/**
 * The mean over all rows of -log softmax(logits)[target], in nats (handout, cross entropy), for logits [...,
 * vocab_size] and targets [...].
 *
 * Fused with its gradient: when the tape records, the gradient takes the place of the logits at once, so read them
 * before, or set `keepLogits`. A target outside of the vocabulary gives NaN.
 *
 * @returns One number, [].
 * @throws {RangeError} If there is not one target for each row, or `gradientScale` is not finite.
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
  { gradientScale = 1, keepLogits = false }: CrossEntropyOptions = {},
): Tensor {
  const { rows, columns } = logits;
  checkTargets(logits, targets);
  if (!Number.isFinite(gradientScale)) {
    throw new RangeError(`Cannot compute the cross entropy: gradientScale is ${gradientScale}; give a finite number`);
  }
  const losses = tape.scratch(rows);
  const loss = tape.empty([], "f32");
  const { slice } = logits;
  const dLogits = !tape.recording ? undefined : keepLogits ? tape.scratch(slice.length, slice.dtype) : slice;
  tape.device.crossEntropy({
    logits: slice,
    targets: targets.slice,
    losses,
    rows,
    columns,
    scale: gradientScale / rows,
    dLogits,
  });
  tape.device.sum({ x: losses, out: loss.slice, factor: 1 / rows });
  tape.release(losses);
  if (dLogits === undefined) return loss;
  if (!keepLogits) logits.takeMemory("crossEntropy()");
  tape.record({
    outputs: [loss],
    saved: keepLogits ? [dLogits] : [],
    backward() {
      // Gradients of something computed from the loss need its factor; the loss itself has a gradient of 1.
      if (!tape.isRoot(loss)) tape.device.scale({ x: dLogits, out: dLogits, factor: loss.gradient!.slice });
      if (keepLogits) {
        tape.contribute(logits, (gradient) => tape.device.copy({ source: dLogits, destination: gradient }));
      } else tape.replaceByGradient(logits);
    },
  });
  return loss;
}

function checkTargets({ shape, rows }: Tensor, targets: Tensor): void {
  if (targets.slice.length === rows) return;
  throw new RangeError(
    `Cannot compute the cross entropy: logits are [${shape.join(", ")}], targets [${targets.shape.join(", ")}]; ` +
      `give one target for each of the ${rows} rows`,
  );
}

/**
 * The loss of every row, -log softmax(logits)[target] in nats, without a gradient: for evaluation. Same arguments as
 * `crossEntropy`.
 *
 * @returns One number for each target, in the shape of the targets.
 * @throws {RangeError} If there is not one target for each row.
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
  checkTargets(logits, targets);
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
