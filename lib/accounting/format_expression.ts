import type { Expression, Values } from "./expression.ts";
import type { SymbolName } from "./symbols.ts";

/**
 * An expression as it is written, with the field's symbols.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { product, sum } from "./expression.ts";
 * assertEquals(formatExpression(product("d", sum(product(2, "V"), 1))), "d (2 V + 1)");
 * ```
 */
export function formatExpression(expression: Expression): string {
  return write(expression, (name) => name, " ");
}

/**
 * An expression with the numbers in the symbols' places.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { product, sum } from "./expression.ts";
 * const formula = product("d", sum(product(2, "V"), 1));
 * assertEquals(formatWithValues(formula, { V: 50_257n, d: 1_600n }), "1,600 × (2 × 50,257 + 1)");
 * ```
 */
export function formatWithValues(expression: Expression, values: Values): string {
  return write(expression, (name) => numberOf(values, name), " × ");
}

/** An integer with its thousands separated by commas. */
export function formatInteger(value: bigint): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function numberOf(values: Values, name: SymbolName): string {
  const value = values[name];
  return value === undefined ? name : formatInteger(value);
}

function write(expression: Expression, nameOf: (symbol: SymbolName) => string, times: string): string {
  switch (expression.kind) {
    case "number": {
      const numerator = formatInteger(expression.numerator);
      return expression.denominator === 1n ? numerator : `${numerator}/${formatInteger(expression.denominator)}`;
    }
    case "symbol":
      return nameOf(expression.name);
    case "sum":
      return expression.terms.map((term) => write(term, nameOf, times)).join(" + ").replaceAll("+ -", "- ") || "0";
    case "product":
      return writeProduct(expression.factors, nameOf, times);
  }
}

function writeProduct(
  factors: readonly Expression[],
  nameOf: (symbol: SymbolName) => string,
  times: string,
): string {
  const powers = new Map<string, number>();
  for (const factor of factors) {
    const inner = write(factor, nameOf, times);
    const needsBrackets = factor.kind === "sum" && factor.terms.length > 1;
    const text = needsBrackets ? `(${inner})` : inner;
    powers.set(text, (powers.get(text) ?? 0) + 1);
  }
  return [...powers].map(([text, power]) => power === 1 ? text : `${text}^${power}`).join(times) || "1";
}
