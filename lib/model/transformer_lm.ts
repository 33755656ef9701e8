import type { Arena } from "../tensor/arena.ts";
import type { Device } from "../tensor/device.ts";
import type { Slice } from "../tensor/slice.ts";
import type { Tape } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { KeyValueCache } from "./attention.ts";
import { checkedConfig } from "./config.ts";
import type { ModelConfig, ModelConfigInput } from "./config_fields.ts";
import { crossEntropy, type CrossEntropyOptions } from "./cross_entropy.ts";
import { embedding } from "./embedding.ts";
import { linear } from "./linear.ts";
import { logitsForLoss } from "./logits_for_loss.ts";
import { type ParameterOptions, Parameters } from "./parameters.ts";
import { type RopeTable, ropeTable } from "./rope.ts";
import { type BlockWeights, normalize, passBlock, type ResidualStream, settle } from "./transformer_block.ts";

/** Weights of a language model, as tensors. */
export interface TransformerWeights {
  /** [vocab_size, d_model]. */
  tokenEmbeddings: Tensor;
  /** One for each layer. */
  blocks: readonly BlockWeights[];
  /** [d_model]; not for norm "none". */
  lnFinal?: Tensor;
  /** [vocab_size, d_model]: the head, or the embedding again if tied. */
  lmHead: Tensor;
}

/** What a forward pass needs besides weights and tokens. */
export interface ForwardOptions {
  /** i32, the position of each place in the sequence. Needed with position "rope". */
  positions?: Slice;
  /** Angles of the rotary embedding. Needed with position "rope". */
  ropeTable?: RopeTable;
  /** For generation: one cache for each layer. */
  caches?: readonly KeyValueCache[];
  /** For generation: logits of the last position of each sequence only, [batch, 1, vocab_size]. */
  lastOnly?: boolean;
  /** For `crossEntropy()`: rows may be padded by logits of -Infinity, where the device multiplies faster then. */
  forLoss?: boolean;
}

/**
 * The Transformer language model as a function of its weights (handout, transformer_lm): token ids [batch, T] to
 * logits [batch, T, vocab_size].
 *
 * @throws {RangeError} If positions are rotary and `positions` or `ropeTable` is missing, or the weights are not for as
 * many layers as the configuration has.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * using model = new TransformerLM(device, {
 *   vocab_size: 11, context_length: 8, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16, position: "none",
 * });
 * const logits = transformerLm(tape, tape.integers([1, 2, 3], [1, 3]), model.weights, model.config);
 * assertEquals(logits.shape, [1, 3, 11]);
 * ```
 */
export function transformerLm(
  tape: Tape,
  tokens: Tensor,
  weights: TransformerWeights,
  config: ModelConfig,
  { positions, ropeTable, caches, lastOnly = false, forLoss = false }: ForwardOptions = {},
): Tensor {
  const { norm, num_heads, num_kv_heads, rmsnorm_eps } = config;
  if (config.position === "rope" && (positions === undefined || ropeTable === undefined)) {
    throw new RangeError('Cannot run the model: position is "rope"; give positions and ropeTable');
  }
  const rope = config.position === "rope" ? { table: ropeTable!, positions: positions! } : undefined;
  if (weights.blocks.length !== config.num_layers) {
    throw new RangeError(
      `Cannot run the model: the weights have ${weights.blocks.length} blocks, num_layers is ${config.num_layers}; ` +
        `give as many`,
    );
  }
  tape.component("token_embeddings");
  let x: ResidualStream = { stream: embedding(tape, tokens, weights.tokenEmbeddings) };
  weights.blocks.forEach((block, i) => {
    const options = {
      numHeads: num_heads,
      numKvHeads: num_kv_heads,
      rope,
      cache: caches?.[i],
      norm,
      epsilon: rmsnorm_eps,
    };
    x = passBlock(tape, x, block, options, `layers.${i}`);
  });
  tape.component("ln_final");
  let last: Tensor;
  if (norm === "none") {
    last = settle(tape, x);
  } else {
    const { stream, normed } = normalize(tape, x, weights.lnFinal, rmsnorm_eps);
    tape.discard(stream);
    last = normed;
  }
  tape.component("lm_head");
  if (lastOnly) last = lastPositions(tape, last);
  const logits = (forLoss ? logitsForLoss : linear)(tape, last, weights.lmHead);
  tape.discard(last);
  return logits;
}

// The last row of every sequence.
function lastPositions(tape: Tape, x: Tensor): Tensor {
  const length = x.shape.at(-2)!;
  if (length === 1) return x;
  if (tape.recording) {
    throw new RangeError(
      "Cannot drop positions while the tape records: open it with recording: false, or keep all logits",
    );
  }
  const batch = x.rows / length;
  const out = tape.empty([...x.shape.slice(0, -2), 1, x.columns]);
  tape.device.copyRows({
    source: x.slice.sub((length - 1) * x.columns),
    sourceStride: x.columns,
    sourceBatchStride: length * x.columns,
    destination: out.slice,
    destinationStride: x.columns,
    destinationBatchStride: x.columns,
    destinationRows: 1,
    batch,
    rows: 1,
    columns: x.columns,
  });
  tape.discard(x);
  return out;
}

/** How a model is made. */
export interface TransformerOptions extends ParameterOptions {
  /** Seed of the first weights; 0 if left out. */
  seed?: number;
  /** Weights by name instead of first weights. */
  state?: ReadonlyMap<string, Float32Array>;
}

/**
 * A Transformer language model on a device: configuration, parameters with their gradients, and the constants that it
 * needs (positions, angles). It computes on a tape, in training and inference alike.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * using device = new Device(new ReferenceBackend());
 * using model = new TransformerLM(device, {
 *   vocab_size: 11, context_length: 8, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16,
 * });
 * using tape = new Tape(device);
 * const loss = model.loss(tape, model.tokens(tape, [1, 2, 3, 4]), model.tokens(tape, [2, 3, 4, 5]));
 * assert(tape.read(loss)[0] > 1);
 * tape.backward(loss); // model.parameters.gradients holds the gradients now
 * ```
 */
export class TransformerLM implements Disposable {
  /** Where it computes. */
  readonly device: Device;
  /** Checked, with defaults filled in. */
  readonly config: ModelConfig;
  /** Weights and gradients. */
  readonly parameters: Parameters;
  /** The weights as `transformerLm()` takes them. */
  readonly weights: TransformerWeights;
  #constants: Arena;
  #positions: Slice | undefined;
  #ropeTable: RopeTable | undefined;

  /**
   * Makes a model.
   *
   * @throws {RangeError} If the configuration is not valid, each field that is wrong named, or `state` does not fit it.
   */
  constructor(device: Device, config: ModelConfigInput, { seed = 0, state, ...options }: TransformerOptions = {}) {
    this.device = device;
    this.config = checkedConfig(config);
    const { context_length, d_model, num_heads, rope_theta } = this.config;
    this.parameters = new Parameters(device, this.config, options);
    this.#constants = device.arena("constants");
    try {
      if (state === undefined) this.parameters.initialize(seed);
      else this.parameters.load(state);
      if (this.config.position === "rope") {
        this.#ropeTable = ropeTable(device, this.#constants, {
          theta: rope_theta,
          headSize: d_model / num_heads,
          maxPositions: context_length,
        });
        this.#positions = this.#constants.alloc(context_length, "i32");
        if (device.computes) device.upload(this.#positions, Int32Array.from({ length: context_length }, (_, i) => i));
      }
      this.weights = this.#weights();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Format in which it multiplies, and so of the tapes that it computes on. */
  get dtype(): "f32" | "bf16" {
    return this.parameters.lowPrecisionWeights === undefined ? "f32" : "bf16";
  }

  /**
   * Logits [batch, T, vocab_size] of token ids [batch, T].
   *
   * @param tokens Integers below vocab_size, T at most context_length.
   * @param options.position Position of the first token. If left out, the number of positions in the caches, or 0.
   * @param options.caches One for each layer, see {@linkcode GenerationCache}; where they have a `place`, that says the
   * position.
   * @param options.lastOnly Gives the logits of the last position of each sequence only, [batch, 1, vocab_size].
   * @param options.forLoss Lets rows be padded for `crossEntropy()`, by logits of -Infinity, where the device
   * multiplies faster then.
   * @throws {RangeError} If the sequence is longer than the context, there is not one cache for each layer, or position
   * is not the number of positions in them.
   */
  forward(
    tape: Tape,
    tokens: Tensor,
    { caches, position = positionsIn(caches), lastOnly, forLoss }: {
      position?: number;
      caches?: readonly KeyValueCache[];
      lastOnly?: boolean;
      forLoss?: boolean;
    } = {},
  ): Tensor {
    const length = tokens.columns;
    const { context_length } = this.config;
    if (caches !== undefined) this.#checkCaches(caches, position);
    if (position + length > context_length) {
      throw new RangeError(
        `Cannot run the model: the sequence ends at position ${
          position + length
        }, context_length is ${context_length}; ` +
          `shorten it or train a model with a longer context`,
      );
    }
    return transformerLm(tape, tokens, this.weights, this.config, {
      positions: caches?.[0].place?.position ?? this.#positions?.sub(position, length),
      ropeTable: this.#ropeTable,
      caches,
      lastOnly,
      forLoss,
    });
  }

  #checkCaches(caches: readonly KeyValueCache[], position: number): void {
    const { num_layers } = this.config;
    if (caches.length !== num_layers) {
      throw new RangeError(
        `Cannot run the model: ${caches.length} caches are given; give one for each of ${num_layers} layers`,
      );
    }
    // Keys that are cached for other positions than those before the tokens would be attended to all the same.
    const other = caches.find(({ length, place }) => place === undefined && length !== position);
    if (other === undefined) return;
    throw new RangeError(
      `Cannot run the model: a cache holds ${other.length} positions, the tokens begin at position ${position}; ` +
        `let all caches hold the positions before them`,
    );
  }

  /**
   * Uploads token ids (or targets) after checking them.
   *
   * @param shape [batch, T]; left out, one sequence.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  tokens(tape: Tape, ids: ArrayLike<number>, shape: readonly number[] = [1, ids.length]): Tensor {
    const { vocab_size } = this.config;
    for (let i = 0; i < ids.length; i++) {
      if (Number.isInteger(ids[i]) && ids[i] >= 0 && ids[i] < vocab_size) continue;
      throw new RangeError(
        `Cannot run the model: token ${i} has the id ${ids[i]}, vocab_size is ${vocab_size}; ` +
          `encode the text with the tokenizer that the model was trained with`,
      );
    }
    return tape.integers(ids, shape);
  }

  /** Mean cross entropy in nats, [], of the targets [batch, T] given tokens [batch, T]; see `crossEntropy()`. */
  loss(tape: Tape, tokens: Tensor, targets: Tensor, options?: CrossEntropyOptions): Tensor {
    const logits = this.forward(tape, tokens, { forLoss: true });
    tape.component("loss");
    const loss = crossEntropy(tape, logits, targets, options);
    tape.discard(logits);
    return loss;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.parameters[Symbol.dispose]();
    this.#constants[Symbol.dispose]();
  }

  #weights(): TransformerWeights {
    const { num_layers, norm, ffn, qk_norm, tied_embeddings } = this.config;
    const group = (name: string) => this.parameters.group(name);
    const attn = (name: string) => ({
      qkv: qk_norm ? ["q", "k", "v"].map((part) => group(`${name}.${part}_proj.weight`)) : [group(`${name}.qkv`)],
      norms: qk_norm ? { q: group(`${name}.q_norm.weight`), k: group(`${name}.k_norm.weight`) } : undefined,
      output: group(`${name}.output_proj.weight`),
    });
    const ln = (name: string) => norm === "none" ? undefined : group(`${name}.weight`);
    const tokenEmbeddings = group("token_embeddings.weight");
    return {
      tokenEmbeddings,
      blocks: Array.from({ length: num_layers }, (_, i) => ({
        attn: attn(`layers.${i}.attn`),
        ffn: {
          up: [group(`layers.${i}.ffn.${ffn === "swiglu" ? "w1_w3" : "w1.weight"}`)],
          down: group(`layers.${i}.ffn.w2.weight`),
          kind: ffn,
        },
        ln1: ln(`layers.${i}.ln1`),
        ln2: ln(`layers.${i}.ln2`),
      })),
      lnFinal: ln("ln_final"),
      lmHead: tied_embeddings ? tokenEmbeddings : group("lm_head.weight"),
    };
  }
}

// Where a cache has a place, only device memory knows the position.
function positionsIn(caches: readonly KeyValueCache[] | undefined): number {
  const first = caches?.[0];
  return first === undefined || first.place ? 0 : first.length;
}
