import { Random } from "../tensor/random.ts";
import { Sampler, type SamplingOptions } from "./sampling.ts";
import { DeviceChooser, HostChooser, NO_TOKEN, type Sequence, WindowChooser } from "./token_chooser.ts";
import type { TransformerLM } from "./transformer_lm.ts";

/** How text is generated. */
export interface GenerationOptions extends SamplingOptions {
  /** Tokens to generate at most. */
  maxNewTokens: number;
  /** Ends a sequence; not yielded itself. Left out, only `maxNewTokens` ends it. */
  stopToken?: number;
  /** Of the random numbers; 0 if left out. */
  seed?: number;
  /** False computes every token from all tokens before it, to check the cache. True if left out. */
  cache?: boolean;
}

/** A token of one of several sequences. */
export interface GeneratedToken {
  /** Index of the prompt that it continues. */
  sequence: number;
  /** Its id. */
  token: number;
}

/**
 * Continues a prompt, token by token (handout, generating text): each is sampled from the model's probabilities given
 * all tokens before it, as far as the context reaches.
 *
 * The model sees a window of at most `context_length` tokens. The window begins at the prompt's first token; when it is
 * full and another token is to be added, it is cut to its last floor(context_length / 2) tokens (at least one), which
 * are computed anew from position 0 on, and grows again. So a token always follows from at least the last half of a
 * context, and long texts cost about twice the work of short ones for each token. The cache changes nothing of that.
 *
 * A device that chooses tokens itself (`Device.samples`) has up to 16 of them under way before they are read back. It
 * goes by the same rules and the same random numbers, and greedily chooses the same tokens; with top-p, a number may
 * stand for another of the likely tokens, which the host lines up by likelihood and the device by id.
 *
 * @param prompt Token ids, at least one and at most `context_length`.
 * @returns An iterator that computes a token when it is asked for it. Leave it with `break` or `return()` to free its
 * memory. It throws a RangeError in the place of a token whose logits are not finite.
 * @throws {RangeError} At the call, if the prompt is empty, too long, or has ids outside of the vocabulary, or an
 * option means nothing (a negative temperature).
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { TransformerLM } from "./transformer_lm.ts";
 * using device = new Device(new ReferenceBackend());
 * using model = new TransformerLM(device, {
 *   vocab_size: 11, context_length: 8, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16,
 * });
 * const tokens = [...generate(model, [1, 2, 3], { maxNewTokens: 20, temperature: 0.8, topP: 0.9, seed: 1 })];
 * assertEquals(tokens.length, 20);
 * ```
 */
export function generate(
  model: TransformerLM,
  prompt: ArrayLike<number>,
  options: GenerationOptions,
): Generator<number, void> {
  const all = generateBatch(model, [prompt], options);
  return (function* () {
    for (const { token } of all) yield token;
  })();
}

/**
 * Continues several prompts; see {@linkcode generate}. Prompts of the same length are computed together, one token of
 * each at a time; those of another length come after them. Every sequence has a stream of random numbers of its own,
 * from the seed and its index.
 *
 * @returns An iterator of tokens with the index of the prompt they continue.
 * @throws {RangeError} As {@linkcode generate}.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { TransformerLM } from "./transformer_lm.ts";
 * using device = new Device(new ReferenceBackend());
 * using model = new TransformerLM(device, {
 *   vocab_size: 11, context_length: 8, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16,
 * });
 * const texts: number[][] = [[], []];
 * for (const { sequence, token } of generateBatch(model, [[1, 2], [3, 4]], { maxNewTokens: 5 })) {
 *   texts[sequence].push(token);
 * }
 * assertEquals(texts.map(({ length }) => length), [5, 5]);
 * ```
 */
export function generateBatch(
  model: TransformerLM,
  prompts: readonly ArrayLike<number>[],
  options: GenerationOptions,
): Generator<GeneratedToken, void> {
  const { maxNewTokens, seed = 0 } = options;
  const sampler = new Sampler(options);
  if (!Number.isSafeInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new RangeError(`Cannot generate: maxNewTokens is ${maxNewTokens}; it must be a whole number of at least 1`);
  }
  const { stopToken } = options;
  if (stopToken !== undefined && !isToken(model, stopToken)) {
    throw new RangeError(
      `Cannot generate: stopToken is ${stopToken}, vocab_size is ${model.config.vocab_size}; ` +
        `give an id of the vocabulary, or leave it out`,
    );
  }
  prompts.forEach((prompt) => checkPrompt(model, prompt));
  const sequences = prompts.map((prompt, sequence) => ({
    sequence,
    window: Array.from(prompt),
    random: new Random(seed + sequence),
  }));
  const groups = Map.groupBy(sequences, ({ window }) => window.length);
  return (function* () {
    for (const group of groups.values()) yield* generateTogether(model, group, sampler, options);
  })();
}

function* generateTogether(
  model: TransformerLM,
  group: readonly Sequence[],
  sampler: Sampler,
  options: GenerationOptions,
): Generator<GeneratedToken, void> {
  const { maxNewTokens, stopToken, cache = true } = options;
  const { device, config: { context_length } } = model;
  const capacity = Math.min(context_length, group[0].window.length + maxNewTokens);
  using chooser = !cache
    ? new WindowChooser(model, group, sampler)
    : device.samples
    ? new DeviceChooser(model, group, capacity, options)
    : new HostChooser(model, group, capacity, sampler);
  const going = new Set(group);
  for (let made = 0; made < maxNewTokens && going.size > 0;) {
    let isNew = made === 0;
    if (group[0].window.length > context_length) {
      const kept = Math.max(1, Math.floor(context_length / 2));
      for (const sequence of group) sequence.window = sequence.window.slice(-kept);
      isNew = true;
    }
    // Up to where the window is full, with the token that does not fit any more.
    const most = Math.min(maxNewTokens - made, context_length + 1 - group[0].window.length);
    const rounds = chooser.choose({ isNew, most, going });
    made += rounds.length;
    for (const tokens of rounds) {
      // Before the first token of a round is yielded, as a host that samples it throws.
      if (group.some((sequence, row) => tokens[row] === NO_TOKEN && going.has(sequence))) {
        throw new RangeError(
          "Cannot sample: logits are not finite; the model has diverged or its checkpoint is damaged",
        );
      }
      for (const [row, sequence] of group.entries()) {
        const token = tokens[row];
        sequence.window.push(token);
        if (token === stopToken) going.delete(sequence);
        if (going.has(sequence)) yield { sequence: sequence.sequence, token };
      }
    }
  }
}

function isToken({ config: { vocab_size } }: TransformerLM, id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < vocab_size;
}

function checkPrompt(model: TransformerLM, prompt: ArrayLike<number>): void {
  const { config } = model;
  if (prompt.length === 0) {
    throw new RangeError("Cannot generate: the prompt is empty; begin with the token that stands between texts");
  }
  if (prompt.length > config.context_length) {
    throw new RangeError(
      `Cannot generate: the prompt has ${prompt.length} tokens, context_length is ${config.context_length}; ` +
        `give its end only`,
    );
  }
  for (let i = 0; i < prompt.length; i++) {
    if (!isToken(model, prompt[i])) {
      throw new RangeError(
        `Cannot generate: token ${i} of the prompt is ${prompt[i]}, vocab_size is ${config.vocab_size}; ` +
          `encode it with the tokenizer that the model was trained with`,
      );
    }
  }
}
