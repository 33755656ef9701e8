import type { Component } from "./component.ts";
import { product, type Term } from "./expression.ts";
import { keyWidth, type ModelShape } from "./model_shape.ts";

/** Whether attention keeps the c × c scores and their softmax of every head, or, fused, only a logarithm per query. */
export type ScoresPolicy = "stored" | "fused";

/**
 * The elements of the activations that the backward pass needs, by the handout's list (adamwAccounting (a)): every
 * listed operation keeps its output. With `scores` fused, attention keeps one logarithm of a sum per head and query.
 */
export function activationComponents(model: ModelShape, scores: ScoresPolicy): Component[] {
  const kv = keyWidth(model);
  const layer = (name: string, part: Component["part"], ...factors: Term[]): Component => ({
    name,
    part,
    count: product("n", "b", "c", ...factors),
  });
  const once = (name: string, part: Component["part"], width: Term): Component => ({
    name,
    part,
    count: product("b", "c", width),
  });
  const isGated = model.ffn === "swiglu";
  return [
    ...(model.norm === "none" ? [] : [layer("RMSNorms", "norm", 2, "d")]),
    layer("queries", "attention", "d"),
    layer("keys", "attention", kv),
    layer("values", "attention", kv),
    ...(model.qk_norm
      ? [layer("RMSNorm of queries", "attention", "d"), layer("RMSNorm of keys", "attention", kv)]
      : []),
    ...(scores === "stored"
      ? [layer("scores", "attention", "h", "c"), layer("softmax", "attention", "h", "c")]
      : [layer("log of the softmax's sum", "attention", "h")]),
    layer("weighted sum of values", "attention", "d"),
    layer("output projection", "attention", "d"),
    layer("W1", "feed-forward", "d_ff"),
    layer(model.ffn === "relu2" ? "squared ReLU" : "SiLU", "feed-forward", "d_ff"),
    ...(isGated ? [layer("W3", "feed-forward", "d_ff"), layer("gated product", "feed-forward", "d_ff")] : []),
    layer("W2", "feed-forward", "d"),
    ...(model.norm === "none" ? [] : [once("final RMSNorm", "norm", "d")]),
    once("output head", "head", "V"),
    once("cross entropy", "head", "V"),
  ];
}
