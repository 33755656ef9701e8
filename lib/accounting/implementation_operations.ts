import type { Part } from "./component.ts";
import { product, sum, type Term } from "./expression.ts";
import { parameterBytes, qkvWidth } from "./implementation_memory.ts";
import { keyWidth, type ModelShape, valuesOf } from "./model_shape.ts";
import { muonOperations, type OptimizerName, parametersBesideMuon } from "./muon_update.ts";
import { causalPairs, formulas, type OperationFormula, times } from "./operation_formulas.ts";

/** Operations of one kind in one component, over all layers. */
export interface ImplementationOperation extends OperationFormula {
  /** The component as lib/model names it, with `*` for the layer: "layers.*.attn.qkv". */
  component: string;
  /** The pass. */
  phase: "forward" | "backward" | "update";
  /** The part of the model; none for the update. */
  part?: Part;
}

/** Which positions a forward pass computes. */
export interface ForwardSizes {
  /** Tokens of a sequence that go through the blocks. */
  queries: Term;
  /** Tokens of a sequence that they may look at, themselves included. */
  keys: Term;
  /** Whether keys and values go into a cache, and logits are made of the last token only. */
  generating: boolean;
}

/**
 * Every operation of this library's forward pass (lib/model), in order, with attention fused and causal. In training
 * the loss and its gradient belong to it.
 */
export function forwardOperations(
  model: ModelShape,
  { queries, keys, generating }: ForwardSizes = { queries: "c", keys: "c", generating: false },
): ImplementationOperation[] {
  const rows = product("b", queries);
  const hidden = product(rows, "d_ff");
  const kv = keyWidth(model);
  const forward = named("forward");
  const activation = activations[model.ffn];
  const { matmul, add, rmsNorm, addRmsNorm } = formulas;
  const sumThenNorm = model.norm === "none" ? add(product(rows, "d")) : addRmsNorm(rows, "d");
  const isPre = model.norm === "pre";
  const stored = times(product(2, "n"), formulas.copyRows(product(rows, kv)));
  return [
    forward("token_embeddings", "embedding", formulas.embedding(rows, "d")),
    // A pre-norm model has nothing to add before its first norm, the others have at every norm.
    ...(isPre ? [forward("layers.*.ln1", "norm", rmsNorm(rows, "d"))] : []),
    forward("layers.*.ln1", "norm", times(isPre ? sum("n", -1) : "n", sumThenNorm)),
    ...projectionWidths(model).map((width) =>
      forward("layers.*.attn.qkv", "attention", times("n", matmul(rows, width, "d")))
    ),
    ...(model.qk_norm ? (["h", "h_kv"] as const) : []).map((heads) =>
      forward("layers.*.attn.qk_norm", "attention", times("n", rmsNorm(product(rows, heads), "d_h")))
    ),
    ...rotatedWidths(model).map((width) =>
      forward("layers.*.attn.rope", "attention", times("n", formulas.rope(rows, width, queries, "d_h")))
    ),
    ...(generating ? [forward("layers.*.attn.attention", "attention", stored)] : []),
    forward(
      "layers.*.attn.attention",
      "attention",
      times("n", formulas.attention(attentionSizes(model, queries, keys))),
    ),
    forward("layers.*.attn.output", "attention", times("n", matmul(rows, "d", "d"))),
    forward("layers.*.ln2", "norm", times("n", sumThenNorm)),
    forward(`layers.*.ffn.${upName(model)}`, "feed-forward", times("n", matmul(rows, upWidth(model), "d"))),
    forward(
      "layers.*.ffn.activation",
      "feed-forward",
      times("n", formulas[activation.forward](hidden)),
    ),
    forward("layers.*.ffn.w2", "feed-forward", times("n", matmul(rows, "d", "d_ff"))),
    ...(model.norm === "none" ? [] : [forward("ln_final", "norm", isPre ? addRmsNorm(rows, "d") : rmsNorm(rows, "d"))]),
    ...(generating && queries !== 1 ? [forward("lm_head", "head", formulas.copyRows(product("b", "d")))] : []),
    forward("lm_head", "head", matmul(generating ? "b" : rows, "V", "d")),
    ...(generating ? [] : [
      forward("loss", "head", formulas.crossEntropy(rows, "V")),
      forward("loss", "head", formulas.sum(rows)),
    ]),
  ];
}

/** Every operation of this library's backward pass, in order, after the first accumulation of a step. */
export function backwardOperations(model: ModelShape): ImplementationOperation[] {
  const rows = product("b", "c");
  const hidden = product(rows, "d_ff");
  const backward = named("backward");
  // Gradients of a weight and of the input; the latter adds to the residual stream's unless a norm lies between.
  const linear = (component: string, part: Part, out: Term, inner: Term, addsToStream: boolean) => [
    backward(component, part, times("n", formulas.matmul(out, inner, rows))),
    backward(component, part, times("n", formulas.matmul(rows, inner, out, addsToStream))),
  ];
  const readsStream = model.norm !== "pre";
  const norm = (component: string) =>
    model.norm === "none"
      ? []
      : [backward(component, "norm", times("n", formulas.rmsNormBackward(rows, "d", model.norm === "pre")))];
  return [
    backward("loss", "head", formulas.fill(1)),
    backward("lm_head", "head", formulas.matmul("V", "d", rows)),
    backward("lm_head", "head", formulas.matmul(rows, "d", "V")),
    ...(model.norm === "none" ? [] : [backward("ln_final", "norm", formulas.rmsNormBackward(rows, "d", false))]),
    ...linear("layers.*.ffn.w2", "feed-forward", "d", "d_ff", false),
    backward(
      "layers.*.ffn.activation",
      "feed-forward",
      times("n", formulas[activations[model.ffn].backward](hidden)),
    ),
    ...linear(`layers.*.ffn.${upName(model)}`, "feed-forward", upWidth(model), "d", readsStream),
    ...norm("layers.*.ln2"),
    ...linear("layers.*.attn.output", "attention", "d", "d", false),
    backward(
      "layers.*.attn.attention",
      "attention",
      times("n", formulas.attentionBackward(attentionSizes(model, "c", "c"))),
    ),
    ...rotatedWidths(model).map((width) =>
      backward("layers.*.attn.rope", "attention", times("n", formulas.rope(rows, width, "c", "d_h")))
    ),
    ...(model.qk_norm ? (["h_kv", "h"] as const) : []).map((heads) =>
      backward(
        "layers.*.attn.qk_norm",
        "attention",
        times("n", formulas.rmsNormBackward(product(rows, heads), "d_h", false)),
      )
    ),
    // Of several products of one input, the first to be differentiated writes its gradient, the others add.
    ...projectionWidths(model).toReversed().flatMap((width, i) =>
      linear("layers.*.attn.qkv", "attention", width, "d", readsStream || i > 0)
    ),
    ...norm("layers.*.ln1"),
    backward("token_embeddings", "embedding", formulas.embeddingBackward(rows, "d", "V", model.tied_embeddings)),
  ];
}

/**
 * The norm of the gradients, its clipping, and the optimizer's step: that of AdamW, like the norm, on the flat
 * parameters with what aligns them; beside Muon on each parameter.
 */
export function updateOperations(model: ModelShape, optimizer: OptimizerName = "adamw"): ImplementationOperation[] {
  const update = named("update");
  const all = product(parameterBytes(model, valuesOf(model)) / 4n);
  return [
    update("clip", undefined, formulas.sumOfSquares(all)),
    update("clip", undefined, formulas.clipCoefficient()),
    ...(optimizer === "adamw" ? [update("adamw", undefined, formulas.adamwStep(all))] : [
      ...muonOperations(model).map((operation) => update("muon", undefined, operation)),
      ...parametersBesideMuon(model).map(({ shape, repeats }) =>
        update("adamw", undefined, times(repeats, formulas.adamwStep(product(...shape))))
      ),
    ]),
  ];
}

/** All operations of one training step. */
export function trainingOperations(model: ModelShape, optimizer: OptimizerName = "adamw"): ImplementationOperation[] {
  return [...forwardOperations(model), ...backwardOperations(model), ...updateOperations(model, optimizer)];
}

/** All operations of one decoding step, with t tokens in the cache (the new one included). */
export function decodingOperations(model: ModelShape): ImplementationOperation[] {
  return forwardOperations(model, { queries: 1, keys: "t", generating: true });
}

/**
 * All operations of reading a prompt of p tokens, at least 2, into the cache; one token alone is a decoding step with t
 * = 1.
 */
export function prefillOperations(model: ModelShape): ImplementationOperation[] {
  return forwardOperations(model, { queries: "p", keys: "p", generating: true });
}

function named(phase: ImplementationOperation["phase"]) {
  return (component: string, part: Part | undefined, costs: OperationFormula): ImplementationOperation => ({
    ...costs,
    component,
    phase,
    part,
  });
}

function attentionSizes(model: ModelShape, queries: Term, keys: Term) {
  return {
    queries: product("b", queries, "d"),
    keys: product("b", keys, keyWidth(model)),
    headRows: product("b", "h", queries),
    scores: product("b", "h", causalPairs(queries, keys)),
  };
}

function upName({ ffn }: ModelShape): string {
  return ffn === "swiglu" ? "w1_w3" : "w1";
}

function upWidth({ ffn }: ModelShape): Term {
  return ffn === "swiglu" ? product(2, "d_ff") : "d_ff";
}

// Widths of the products that make queries, keys and values, and of the pieces that are rotated: with norms of queries
// and keys they are apart.
function projectionWidths(model: ModelShape): Term[] {
  return model.qk_norm ? ["d", keyWidth(model), keyWidth(model)] : [qkvWidth(model)];
}

function rotatedWidths(model: ModelShape): Term[] {
  if (model.position === "none") return [];
  return model.qk_norm ? ["d", keyWidth(model)] : [sum("d", keyWidth(model))];
}

const activations = {
  swiglu: { forward: "swiglu", backward: "swigluBackward" },
  silu: { forward: "silu", backward: "siluBackward" },
  relu2: { forward: "reluSquared", backward: "reluSquaredBackward" },
} as const;
