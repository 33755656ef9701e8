import type { SymbolName } from "./symbols.ts";

/**
 * An exact algebraic expression over the field's symbols: the one source of every number in the accounting and of the
 * formula printed beside it, so that the two cannot differ.
 *
 * Build it with {@linkcode sum} and {@linkcode product}; read it with {@linkcode evaluate} and `formatFormula()`.
 */
export type Expression =
  | { readonly kind: "number"; readonly numerator: bigint; readonly denominator: bigint }
  | { readonly kind: "symbol"; readonly name: SymbolName }
  | { readonly kind: "sum"; readonly terms: readonly Expression[] }
  | { readonly kind: "product"; readonly factors: readonly Expression[] };

/** What the constructors take for an expression: a string is a symbol, an integer is itself. */
export type Term = Expression | bigint | number | SymbolName;

/** The number that each symbol stands for. */
export type Values = Readonly<Partial<Record<SymbolName, bigint>>>;

/** An exact quotient with a positive denominator, in lowest terms. */
export interface Fraction {
  /** Carries the sign. */
  numerator: bigint;
  /** Above 0. */
  denominator: bigint;
}

/** An exact quotient of integers, as an expression: `fraction(1, 2)` for the half that a causal mask leaves. */
export function fraction(numerator: bigint | number, denominator: bigint | number): Expression {
  return { kind: "number", ...reduce(BigInt(numerator), BigInt(denominator)) };
}

/** The sum of its terms; the sum of nothing is 0. */
export function sum(...terms: Term[]): Expression {
  return terms.length === 1 ? toExpression(terms[0]) : { kind: "sum", terms: terms.map(toExpression) };
}

/** The product of its factors; the product of nothing is 1. */
export function product(...factors: Term[]): Expression {
  return factors.length === 1 ? toExpression(factors[0]) : { kind: "product", factors: factors.map(toExpression) };
}

/**
 * The value of an expression, exactly, however large.
 *
 * @throws {RangeError} If a symbol has no value, or the value is not an integer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const pairs = product(fraction(1, 2), "c", sum("c", 1));
 * assertEquals(evaluate(pairs, { c: 4n }), 10n);
 * ```
 */
export function evaluate(expression: Expression, values: Values): bigint {
  const { numerator, denominator } = evaluateFraction(expression, values);
  if (denominator !== 1n) {
    throw new RangeError(`Cannot evaluate a count: its value is ${numerator}/${denominator}; counts are whole`);
  }
  return numerator;
}

function evaluateFraction(expression: Expression, values: Values): Fraction {
  switch (expression.kind) {
    case "number":
      return expression;
    case "symbol": {
      const value = values[expression.name];
      if (value === undefined) {
        throw new RangeError(
          `Cannot evaluate a formula: ${expression.name} has no value; values are given for ${
            Object.keys(values).join(", ")
          }`,
        );
      }
      return { numerator: value, denominator: 1n };
    }
    case "sum":
      return expression.terms.map((term) => evaluateFraction(term, values)).reduce(addFractions, zero);
    case "product":
      return expression.factors.map((factor) => evaluateFraction(factor, values)).reduce(multiplyFractions, one);
  }
}

const zero: Fraction = { numerator: 0n, denominator: 1n };
const one: Fraction = { numerator: 1n, denominator: 1n };

/** a + b in lowest terms. */
export function addFractions(a: Fraction, b: Fraction): Fraction {
  return reduce(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

/** a b in lowest terms. */
export function multiplyFractions(a: Fraction, b: Fraction): Fraction {
  return reduce(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** The greatest common divisor, not negative; that of 0 and 0 is 0. */
export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

function reduce(numerator: bigint, denominator: bigint): Fraction {
  if (denominator === 1n) return { numerator, denominator };
  if (denominator === 0n) throw new RangeError(`Cannot form ${numerator}/0: a denominator must not be 0`);
  const divisor = greatestCommonDivisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

function toExpression(term: Term): Expression {
  if (typeof term === "string") return { kind: "symbol", name: term };
  return typeof term === "object" ? term : fraction(BigInt(term), 1n);
}

/** An expression with expressions put in the places of symbols: `substitute(formula, { d_ff: product(4, "d") })`. */
export function substitute(
  expression: Expression,
  replacements: Readonly<Partial<Record<SymbolName, Expression>>>,
): Expression {
  switch (expression.kind) {
    case "number":
      return expression;
    case "symbol":
      return replacements[expression.name] ?? expression;
    case "sum":
      return { kind: "sum", terms: expression.terms.map((term) => substitute(term, replacements)) };
    case "product":
      return { kind: "product", factors: expression.factors.map((factor) => substitute(factor, replacements)) };
  }
}
