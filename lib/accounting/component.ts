import { type Expression, sum } from "./expression.ts";

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

/** The sum over components, term by term; `normalForm()` collects it for print. */
export function total(components: readonly Component[]): Expression {
  return sum(...components.map(({ count }) => count));
}

/** The sum over the components of one part, term by term. */
export function totalOfPart(components: readonly Component[], part: Part): Expression {
  return total(components.filter((component) => component.part === part));
}
