import type { Component } from "./component.ts";
import { type Expression, fraction, product, sum, type Term } from "./expression.ts";
import { formatExpression } from "./format_expression.ts";
import { keyWidth, type ModelShape } from "./model_shape.ts";

/** Which keys a query is charged for: all of the sequence, or those that the causal mask lets it see. */
export type AttentionCost = "full" | "causal";

/** The FLOPs of one matrix product, over all layers and sequences. */
export interface MatrixProduct extends Component {
  /** The operands, for people: "(b c × d) (d × d_ff)". */
  shapes: string;
}

/** Which tokens a forward pass computes, for each sequence of the batch. */
export interface Positions {
  /** Tokens that go through the blocks. */
  rows: Term;
  /** Pairs of a query and a key that attention computes. */
  pairs: Term;
  /** Tokens of which logits are made. */
  headRows: Term;
  /** Keys that a query meets, for printing the shapes. */
  keys: Term;
}

/** All tokens of whole sequences of c tokens, as in training. */
export function trainingPositions(attention: AttentionCost): Positions {
  return { rows: "c", pairs: pairsOf("c", attention), headRows: "c", keys: "c" };
}

/** A prompt of p tokens, of which only the last needs logits. */
export function prefillPositions(attention: AttentionCost): Positions {
  return { rows: "p", pairs: pairsOf("p", attention), headRows: 1, keys: "p" };
}

/** One more token, with t tokens in the KV cache (itself included). */
export function decodePositions(): Positions {
  return { rows: 1, pairs: "t", headRows: 1, keys: "t" };
}

function pairsOf(length: "c" | "p", attention: AttentionCost): Expression {
  return attention === "full" ? product(length, length) : product(fraction(1, 2), length, sum(length, 1));
}

/**
 * The FLOPs of a forward pass by matrix product (handout, transformer_accounting (b)): 2 m k n for (m × k) (k × n).
 * Whatever is no matrix product (norms, softmax, SiLU, the look-up of embeddings) is not counted, as in the handout.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { total } from "./component.ts";
 * import { evaluate } from "./expression.ts";
 * import { modelPreset } from "./model_presets.ts";
 * import { valuesOf } from "./model_shape.ts";
 * const model = modelPreset("gpt2-xl");
 * const flops = total(matrixProducts(model, trainingPositions("full")));
 * assertEquals(evaluate(flops, valuesOf(model)), 4_513_336_524_800n);
 * ```
 */
export function matrixProducts(model: ModelShape, positions: Positions): MatrixProduct[] {
  const { rows, pairs, headRows, keys } = positions;
  const kv = keyWidth(model);
  const linear = (name: string, part: Component["part"], from: Term, to: Term): MatrixProduct => ({
    name,
    part,
    shapes: `(${text("b", rows)} × ${text(from)}) (${text(from)} × ${text(to)})`,
    count: product(2, "n", "b", rows, from, to),
  });
  const perHead = (name: string, shapes: string): MatrixProduct => ({
    name,
    part: "attention",
    shapes: `b h × ${shapes}`,
    count: product(2, "n", "b", pairs, "h", "d_h"),
  });
  return [
    linear("query projection", "attention", "d", "d"),
    linear("key projection", "attention", "d", kv),
    linear("value projection", "attention", "d", kv),
    perHead("attention scores", `(${text(rows)} × d_h) (d_h × ${text(keys)})`),
    perHead("weighted sum of values", `(${text(rows)} × ${text(keys)}) (${text(keys)} × d_h)`),
    linear("output projection", "attention", "d", "d"),
    linear("W1", "feed-forward", "d", "d_ff"),
    ...(model.ffn === "swiglu" ? [linear("W3", "feed-forward", "d", "d_ff")] : []),
    linear("W2", "feed-forward", "d_ff", "d"),
    {
      name: "output head",
      part: "head",
      shapes: `(${text("b", headRows)} × d) (d × V)`,
      count: product(2, "b", headRows, "d", "V"),
    },
  ];
}

function text(...factors: Term[]): string {
  return formatExpression(product(...factors.filter((factor) => factor !== 1)));
}
