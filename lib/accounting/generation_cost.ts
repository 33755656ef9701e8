import { total } from "./component.ts";
import { type Expression, fraction, product, sum } from "./expression.ts";
import {
  type AttentionCost,
  decodePositions,
  matrixProducts,
  type Positions,
  prefillPositions,
} from "./matrix_products.ts";
import { keyWidth, type ModelShape } from "./model_shape.ts";
import { parameterCount } from "./parameters.ts";
import { elementBytes, type Precision } from "./training_memory.ts";

/** Bytes of the KV cache with t tokens in it: keys and values of every layer. */
export function kvCacheBytes(model: ModelShape, precision: Precision): Expression {
  return product(2, elementBytes[precision].activations, "n", "b", "t", keyWidth(model));
}

/** FLOPs of reading a prompt of p tokens, with logits for its last token only. */
export function prefillFlops(model: ModelShape, attention: AttentionCost): Expression {
  return total(matrixProducts(model, prefillPositions(attention)));
}

/** FLOPs of one more token for each sequence, with t tokens in the cache (the new one included). */
export function decodeFlops(model: ModelShape): Expression {
  return total(matrixProducts(model, decodePositions()));
}

/**
 * Bytes that one decoding step reads: every weight once for the whole batch (of an untied token embedding only b rows)
 * and the whole cache. On most devices this, not the arithmetic, sets the pace.
 */
export function decodeBytes(model: ModelShape, precision: Precision): Expression {
  const weights = model.tied_embeddings
    ? parameterCount(model)
    : sum(parameterCount(model), product(-1, "V", "d"), product("b", "d"));
  return sum(product(elementBytes[precision].weights, weights), kvCacheBytes(model, precision));
}

/**
 * FLOPs of generating g tokens after a prompt of p: the prefill gives the first of them, and g - 1 decoding steps the
 * rest, each with one more token in the cache.
 */
export function generationFlops(model: ModelShape, attention: AttentionCost): Expression {
  const steps = sum("g", -1);
  const decoded: Positions = {
    rows: steps,
    pairs: sum(product(steps, "p"), product(fraction(1, 2), steps, "g")),
    headRows: steps,
    keys: "t",
  };
  return sum(prefillFlops(model, attention), total(matrixProducts(model, decoded)));
}
