import type { TokenBatch } from "../data/token_batch.ts";
import type { TransformerLM } from "../model/transformer_lm.ts";
import type { Arena } from "../tensor/arena.ts";
import { Tape } from "../tensor/tape.ts";

/** How well a model predicts text. */
export interface Evaluation {
  /** Mean cross entropy, nats per token. */
  loss: number;
  /** exp(loss): as uncertain as a choice among this many equally likely tokens. */
  perplexity: number;
  /** Loss in bits per byte of text, which tokenizers do not change; there if `bytesPerToken` was given. */
  bitsPerByte?: number;
}

/**
 * The mean loss of a model over batches, each token counting alike.
 *
 * @param batches At least one, of sequences as long as the model's context; their numbers of sequences may differ.
 * @param options.bytesPerToken Bytes of text per token of these batches.
 * @param options.arena Memory to compute in, such as `trainer.activations`; left out, it takes its own.
 * @throws {RangeError} If there are no batches, or an id is not in the model's vocabulary.
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { TransformerLM } from "../model/transformer_lm.ts";
 * using device = new Device(new ReferenceBackend());
 * using model = new TransformerLM(device, {
 *   vocab_size: 11, context_length: 2, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16,
 * });
 * const batch = { inputs: new Int32Array([1, 2]), targets: new Int32Array([2, 3]) };
 * assert(evaluate(model, [batch]).perplexity > 1);
 * ```
 */
export function evaluate(
  model: TransformerLM,
  batches: Iterable<TokenBatch>,
  options: { bytesPerToken?: number; arena?: Arena } = {},
): Evaluation {
  const work = evaluateByBatch(model, batches, options);
  let turn = work.next();
  while (!turn.done) turn = work.next();
  return turn.value;
}

/**
 * As `evaluate()`, coming back between two batches. An evaluation that is left there gives its memory back.
 *
 * @throws {RangeError} If there are no batches.
 */
export function* evaluateByBatch(
  model: TransformerLM,
  batches: Iterable<TokenBatch>,
  { bytesPerToken, arena }: { bytesPerToken?: number; arena?: Arena } = {},
): Generator<void, Evaluation> {
  const { context_length } = model.config;
  let total = 0;
  let tokens = 0;
  using tape = new Tape(model.device, { arena, recording: false, dtype: model.dtype });
  for (const { inputs, targets } of batches) {
    if (tokens > 0) yield;
    tape.reset();
    const shape = [inputs.length / context_length, context_length];
    const loss = model.loss(tape, model.tokens(tape, inputs, shape), model.tokens(tape, targets, shape));
    total += tape.read(loss)[0] * inputs.length;
    tokens += inputs.length;
  }
  if (tokens === 0) throw new RangeError("Cannot evaluate: there are no batches; give at least one");
  const loss = total / tokens;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: bytesPerToken === undefined ? undefined : loss / Math.LN2 / bytesPerToken,
  };
}
