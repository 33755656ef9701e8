import type { Component } from "./component.ts";
import { evaluate, type Expression, product, sum, type Term, type Values } from "./expression.ts";
import { keyWidth, type ModelShape, valuesOf } from "./model_shape.ts";
import { blockMatrices, type OptimizerName, parametersBesideMuon } from "./muon_update.ts";
import { parameterComponents } from "./parameters.ts";
import type { Precision } from "./training_memory.ts";

/**
 * What this library's own training step keeps in memory, in float32. It differs from the handout's list: attention
 * never stores its scores, the residual sum takes the place of a layer's result, queries and keys are rotated in place,
 * the gate's gradient and that of the logits take the place of the values.
 */
export interface KeptSlices extends Component {
  /** Elements of one slice. */
  elements: Expression;
  /** How many such slices there are. */
  slices: Expression;
}

// Slices and groups of parameters begin at multiples of these (lib/tensor/arena.ts, lib/model/parameters.ts).
const SLICE_BYTES = 64n;
const GROUP_ELEMENTS = 32n;

/**
 * All that a recorded forward pass leaves in the activation arena, by the component that made it, with ids and loss.
 */
export function keptActivations(model: ModelShape): KeptSlices[] {
  const hasNorms = model.norm !== "none";
  const raised = model.ffn === "swiglu" ? product(2, "d_ff") : product("d_ff");
  const layer = (name: string, part: Component["part"], ...width: Term[]) =>
    kept(`layers.*.${name}`, part, product("n"), product("b", "c", ...width));
  const once = (name: string, part: Component["part"], ...width: Term[]) =>
    kept(name, part, product(1), product("b", "c", ...width));
  const norms = (name: string) =>
    hasNorms
      ? [layer(name, "norm", "d"), layer(`${name}, inverse root`, "norm", 1)]
      : [layer(`${name}, sum without norm`, "norm", "d")];
  return [
    kept("tokens and targets", "embedding", product(2), product("b", "c")),
    once("token_embeddings", "embedding", "d"),
    ...norms("ln1"),
    ...(model.qk_norm
      ? [
        layer("attn.qkv, queries", "attention", "d"),
        layer("attn.qkv, keys", "attention", keyWidth(model)),
        layer("attn.qkv, values", "attention", keyWidth(model)),
        layer("attn.qk_norm, queries", "attention", "d"),
        layer("attn.qk_norm, inverse roots of queries", "attention", "h"),
        layer("attn.qk_norm, keys", "attention", keyWidth(model)),
        layer("attn.qk_norm, inverse roots of keys", "attention", "h_kv"),
      ]
      : [layer("attn.qkv", "attention", qkvWidth(model))]),
    layer("attn.attention", "attention", "d"),
    layer("attn.attention, log of sums", "attention", "h"),
    layer("attn.output", "attention", "d"),
    ...norms("ln2"),
    layer(model.ffn === "swiglu" ? "ffn.w1_w3" : "ffn.w1", "feed-forward", raised),
    layer("ffn.activation", "feed-forward", "d_ff"),
    layer("ffn.w2", "feed-forward", "d"),
    ...(hasNorms ? [once("ln_final", "norm", "d"), once("ln_final, inverse root", "norm", 1)] : []),
    once("lm_head", "head", "V"),
    kept("loss", "head", product(1), product(1)),
  ];
}

/** Width of the queries, keys and values of a token together. */
export function qkvWidth(model: ModelShape): Expression {
  return sum("d", product(2, keyWidth(model)));
}

function kept(name: string, part: Component["part"], slices: Expression, elements: Expression): KeptSlices {
  return { name, part, slices, elements, count: product(4, slices, elements) };
}

/** A moment of the step at which memory may be at its highest: what there is more, and less, than all that is kept. */
interface Moment {
  added: readonly Expression[];
  released: readonly Expression[];
}

/*
 * The moments are those of the loss and of the last layer's backward pass; those of earlier layers are lower, since
 * what the later layers kept has been released by then. Each adds the gradient that is written next to those that are
 * live.
 */
function moments(model: ModelShape): Moment[] {
  const stream = product("b", "c", "d");
  const hidden = product("b", "c", "d_ff");
  const logits = product("b", "c", "V");
  const root = product("b", "c");
  const loss = product(1);
  // What is gone when the last feed-forward layer is differentiated, whose result the sums of pre and post replaced.
  const released = {
    pre: [loss, logits, stream, root, stream],
    post: [loss, logits, stream, root, stream, root, stream],
    none: [loss, logits, stream],
  }[model.norm];
  const afterResult = model.norm === "none" ? [...released, stream] : released;
  return [
    { added: [root], released: [] },
    { added: [loss], released: [] },
    { added: [stream], released: [loss] },
    ...(model.norm === "none" ? [] : [{ added: [stream, stream], released: [loss, logits] }]),
    { added: [stream, hidden], released },
    ...(model.ffn !== "swiglu" ? [{ added: [stream, hidden, hidden], released: afterResult }] : []),
  ];
}

/** Bytes of the slices, with what aligns them. */
export function keptBytes(kept: readonly KeptSlices[], values: Values): bigint {
  return kept.reduce(
    (bytes, { slices, elements }) => bytes + evaluate(slices, values) * sliceBytes(elements, values),
    0n,
  );
}

/**
 * The most bytes that the activation arena hands out in a training step: all that the forward pass keeps and the
 * gradients that live beside it at the worst moment, usually that of the gradient of the head's input.
 */
function activationPeak(model: ModelShape, values: Values): bigint {
  const bytesOf = (slices: readonly Expression[]) =>
    slices.reduce((bytes, elements) => bytes + sliceBytes(elements, values), 0n);
  const changes = moments(model).map(({ added, released }) => bytesOf(added) - bytesOf(released));
  return keptBytes(keptActivations(model), values) + changes.reduce((a, b) => a > b ? a : b);
}

/** Bytes of one flat copy of all parameters (weights, gradients, or a moment): every stack of matrices is aligned. */
export function parameterBytes(model: ModelShape, values: Values): bigint {
  const aligned = (...factors: Term[]) => roundUp(evaluate(product(...factors), values), GROUP_ELEMENTS);
  const norms = model.norm === "none" ? 0n : aligned("d");
  const projections = model.qk_norm
    ? aligned("d", "d") + 2n * aligned("d", keyWidth(model)) + 2n * aligned("d_h")
    : aligned("d", qkvWidth(model));
  const perLayer = 2n * norms + projections + aligned("d", "d") + aligned("d", "d_ff") +
    aligned(model.ffn === "swiglu" ? 2 : 1, "d", "d_ff");
  const vocabulary = aligned("V", "d");
  const elements = vocabulary + BigInt(model.num_layers) * perLayer + norms + (model.tied_embeddings ? 0n : vocabulary);
  return 4n * elements;
}

/** Bytes of the constants: the rotary embedding's cosines and sines, and the positions. */
export function constantBytes(model: ModelShape): bigint {
  if (model.position === "none") return 0n;
  const length = BigInt(model.context_length);
  const half = BigInt(model.d_model / model.num_heads / 2);
  return 2n * roundUp(4n * length * half, SLICE_BYTES) + roundUp(4n * length, SLICE_BYTES);
}

/** Bytes of a training step of this library, as predicted. */
export interface ImplementationMemory {
  /** One flat copy in float32, aligned; with bfloat16 a rounded copy beside it. */
  weights: bigint;
  /** One flat copy in float32. */
  gradients: bigint;
  /** AdamW's two moments, a flat copy each, and its rates; Muon's moments and what it orthogonalizes in. */
  optimizerState: bigint;
  /** Positions and the rotary embedding's angles. */
  constants: bigint;
  /** At the worst moment of a step; with bfloat16 half of that, though losses and the norms' roots stay float32. */
  activations: bigint;
  /** All of it. */
  total: bigint;
}

/**
 * The most memory that this library's training step has in use for one batch of whole sequences. In float32 it is that
 * to some hundred bytes, in bfloat16 a few percent less, never more.
 */
export function implementationMemory(
  model: ModelShape,
  values: Values,
  optimizer: OptimizerName = "adamw",
  precision: Precision = "float32",
): ImplementationMemory {
  const copy = parameterBytes(model, values);
  const activations = activationPeak(model, values);
  const isRounded = precision === "bfloat16";
  const parts = {
    weights: isRounded ? 3n * copy / 2n : copy,
    gradients: copy,
    optimizerState: optimizer === "adamw" ? 2n * copy + SLICE_BYTES : muonStateBytes(model, values, isRounded),
    constants: constantBytes(model),
    activations: isRounded ? activations / 2n : activations,
  };
  return { ...parts, total: Object.values(parts).reduce((a, b) => a + b) };
}

// Moments of each parameter: one of a matrix within blocks, two of all else; two places for the largest of these
// matrices, two for the largest square, which take half in bfloat16; a norm, its reciprocal, and the rates.
function muonStateBytes(model: ModelShape, values: Values, isRounded: boolean): bigint {
  const largest = (sizes: readonly Expression[]) =>
    sizes.map((size) => sliceBytes(size, values)).reduce((a, b) => a > b ? a : b);
  const matrices = blockMatrices(model);
  const moments = [...parameterComponents(model), ...parametersBesideMuon(model)].reduce(
    (bytes, { shape, repeats }) => bytes + evaluate(repeats, values) * sliceBytes(product(...shape), values),
    0n,
  );
  return moments + 2n * largest(matrices.map(({ rows, columns }) => product(rows, columns))) +
    (isRounded ? 1n : 2n) * largest(matrices.map(({ side }) => product(side, side))) + 3n * SLICE_BYTES;
}

/**
 * The largest batch of whole sequences whose training step in this library fits a memory; 0 if none does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { modelPreset } from "./model_presets.ts";
 * assertEquals(largestImplementationBatch(modelPreset("tinystories"), 4n * 2n ** 30n), 87n);
 * ```
 */
export function largestImplementationBatch(
  model: ModelShape,
  memoryBytes: bigint,
  optimizer: OptimizerName = "adamw",
  precision: Precision = "float32",
): bigint {
  const fits = (batchSize: bigint) =>
    implementationMemory(model, { ...valuesOf(model), b: batchSize }, optimizer, precision).total <= memoryBytes;
  let [fitting, tooLarge] = [0n, 1n];
  while (fits(tooLarge)) [fitting, tooLarge] = [tooLarge, 2n * tooLarge];
  while (tooLarge - fitting > 1n) {
    const middle = (fitting + tooLarge) / 2n;
    if (fits(middle)) fitting = middle;
    else tooLarge = middle;
  }
  return fitting;
}

function sliceBytes(elements: Expression, values: Values): bigint {
  return roundUp(4n * evaluate(elements, values), SLICE_BYTES);
}

function roundUp(size: bigint, multiple: bigint): bigint {
  return (size + multiple - 1n) / multiple * multiple;
}
