import { type Expression, product } from "./expression.ts";
import type { ModelShape } from "./model_shape.ts";
import { parameterCount } from "./parameters.ts";

/**
 * The operations of one AdamW step on one parameter, by line of the handout's algorithm. What is the same for all
 * parameters (the corrected learning rate, 1 minus its product with the weight decay) costs nothing per parameter.
 */
export const adamwOperations = {
  /** m = beta1 m + (1 - beta1) g: two products and a sum. */
  firstMoment: 3,
  /** v = beta2 v + (1 - beta2) g^2: three products and a sum. */
  secondMoment: 4,
  /** w -= rate m / (sqrt(v) + epsilon): root, sum, quotient, product, difference. */
  update: 5,
  /** w = (1 - decay) w: a product. Written as w -= decay w, as most code has it, it is two operations. */
  weightDecay: 1,
} as const;

/** FLOPs of one AdamW step (handout, adamwAccounting (c)): 13 for each parameter. */
export function adamwFlops(model: ModelShape): Expression {
  const { firstMoment, secondMoment, update, weightDecay } = adamwOperations;
  return product(firstMoment + secondMoment + update + weightDecay, parameterCount(model));
}
