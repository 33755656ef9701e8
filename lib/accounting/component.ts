import { type Expression, sum } from "./expression.ts";
import { normalForm } from "./normal_form.ts";

/** The parts of a model by which shares are reported. */
export const parts = ["embedding", "norm", "attention", "feed-forward", "head"] as const;

/** One of {@linkcode parts}. */
export type Part = typeof parts[number];

/** One line of an account: what it is, the part of the model it belongs to, and how much, over all layers. */
export interface Component {
  /** For people; unique within its account. */
  name: string;
  /** The part of the model. */
  part: Part;
  /** The count: parameters, FLOPs, elements or bytes. */
  count: Expression;
}

/** The sum over components, in its normal form. */
export function total(components: readonly Component[]): Expression {
  return normalForm(sum(...components.map(({ count }) => count)));
}

/** The sum over the components of one part, in its normal form. */
export function totalOfPart(components: readonly Component[], part: Part): Expression {
  return total(components.filter((component) => component.part === part));
}
