import { Check, F32, FLOATS, I32 } from "./argument_check.ts";
import type { Slice } from "./slice.ts";

/**
 * Chooses a column of each row of logits, as `Sampler` does, in device memory: by temperature, the `topK` largest
 * logits, and of these the smallest set of likeliest ones with at least `topP` of the probability. Columns with equal
 * logits come in before others by their number.
 */
export interface SampleArguments {
  /** [rows, columns]. (bf16) */
  logits: Slice;
  /** f32 [rows], uniform in [0, 1): equal draws choose equal columns. Not read with temperature 0. */
  draws: Slice;
  /** i32 [rows]: the column; -1 if a logit is NaN or Infinity, or all are -Infinity. */
  tokens: Slice;
  /** Rows of logits. */
  rows: number;
  /** Size of the vocabulary. */
  columns: number;
  /** Divides the logits; 0 takes the largest. */
  temperature: number;
  /** Of how many largest logits; at most columns. */
  topK: number;
  /** Above 0; 1 leaves all. */
  topP: number;
}

/**
 * The checks of `Device.sample()`.
 *
 * @throws {RangeError | TypeError} If a slice is too short, of another type or device, or an option means nothing.
 */
export function checkSample(device: { readonly name: string }, args: SampleArguments): void {
  const { logits, draws, tokens, rows, columns, temperature, topK, topP } = args;
  const check = new Check(device, "sample");
  check.dimensions({ rows, columns, topK });
  check.slice("logits", logits, FLOATS, rows * columns);
  check.slice("draws", draws, F32, rows);
  check.slice("tokens", tokens, I32, rows);
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new RangeError(`Cannot run sample: temperature is ${temperature}; it must be 0 or above`);
  }
  if (topK > columns) {
    throw new RangeError(`Cannot run sample: topK is ${topK}, columns ${columns}; take at most these`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new RangeError(`Cannot run sample: topP is ${topP}; it must be above 0 and at most 1`);
  }
}
