import { type Component, total } from "./component.ts";
import { evaluate } from "./expression.ts";
import { matrixProducts, trainingPositions } from "./matrix_products.ts";
import { type ModelShape, valuesOf } from "./model_shape.ts";

/** Groups of a forward pass's matrix products that grow differently: with d, with the context, with d_ff, with V. */
export const shareGroups = [
  "attention projections",
  "attention over the context",
  "feed-forward",
  "output head",
] as const;

/** One of {@linkcode shareGroups}. */
export type ShareGroup = typeof shareGroups[number];

/**
 * What share of a forward pass's FLOPs each group of matrix products takes, with attention over all keys.
 *
 * @returns Shares that sum to 1.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { modelPreset } from "./model_presets.ts";
 * assertAlmostEquals(forwardShares(modelPreset("gpt2-xl"))["feed-forward"], 0.669, 1e-3);
 * ```
 */
export function forwardShares(model: ModelShape): Record<ShareGroup, number> {
  const products = matrixProducts(model, trainingPositions("full"));
  const values = valuesOf(model);
  const whole = Number(evaluate(total(products), values));
  const share = (group: ShareGroup) =>
    Number(evaluate(total(products.filter((component) => groupOf(component) === group)), values)) / whole;
  return Object.fromEntries(shareGroups.map((group) => [group, share(group)])) as Record<ShareGroup, number>;
}

function groupOf({ name, part }: Component): ShareGroup {
  if (part === "feed-forward") return "feed-forward";
  if (part === "head") return "output head";
  return name.endsWith("projection") ? "attention projections" : "attention over the context";
}
