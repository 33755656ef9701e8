import {
  addFractions,
  type Expression,
  type Fraction,
  fraction,
  greatestCommonDivisor,
  multiplyFractions,
  product,
  sum,
} from "./expression.ts";
import { type SymbolName, symbolOrder } from "./symbols.ts";

/** A coefficient and the power of every symbol, in the order of `symbolOrder`: 3 n d d_ff. */
interface Monomial {
  coefficient: Fraction;
  powers: readonly number[];
}

const one: Fraction = { numerator: 1n, denominator: 1n };
const [layers, heads, headSize, width] = (["n", "h", "d_h", "d"] as const).map((name) => symbolOrder.indexOf(name));

/**
 * The one way of writing an expression's polynomial: like terms collected, common factors pulled out in front, and what
 * every layer repeats gathered behind `n`. The heads' `h d_h` is written `d`, which it equals.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { product, sum } from "./expression.ts";
 * import { formatExpression } from "./format_expression.ts";
 * const projections = sum(product("n", "d", "d"), product("n", "d", "h", "d_h"), product(2, "V", "d"));
 * assertEquals(formatExpression(normalForm(projections)), "2 d (n d + V)");
 * ```
 */
export function normalForm(expression: Expression): Expression {
  return factor(monomialsOf(expression));
}

/** Whether two expressions are the same polynomial, for all numbers. */
export function isSamePolynomial(a: Expression, b: Expression): boolean {
  return monomialsOf(sum(a, product(-1, b))).length === 0;
}

function monomialsOf(expression: Expression): Monomial[] {
  switch (expression.kind) {
    case "number":
      return expression.numerator === 0n ? [] : [{ coefficient: expression, powers: powersOf() }];
    case "symbol":
      return [{ coefficient: one, powers: powersOf(expression.name) }];
    case "sum":
      return collect(expression.terms.flatMap(monomialsOf));
    case "product": {
      const distributed = expression.factors.map(monomialsOf).reduce(
        (left, right) => left.flatMap((a) => right.map((b) => multiply(a, b))),
        [{ coefficient: one, powers: powersOf() }],
      );
      return collect(distributed);
    }
  }
}

function powersOf(name?: SymbolName): number[] {
  return symbolOrder.map((symbol) => symbol === name ? 1 : 0);
}

function multiply(a: Monomial, b: Monomial): Monomial {
  return {
    coefficient: multiplyFractions(a.coefficient, b.coefficient),
    powers: a.powers.map((power, i) => power + b.powers[i]),
  };
}

function collect(monomials: readonly Monomial[]): Monomial[] {
  const byPowers = new Map<string, Monomial>();
  for (const { coefficient, powers } of monomials.map(mergeHeads)) {
    const key = powers.join();
    const known = byPowers.get(key);
    byPowers.set(key, { coefficient: known ? addFractions(known.coefficient, coefficient) : coefficient, powers });
  }
  return [...byPowers.values()].filter(({ coefficient }) => coefficient.numerator !== 0n);
}

function mergeHeads(monomial: Monomial): Monomial {
  const pairs = Math.min(monomial.powers[heads], monomial.powers[headSize]);
  if (pairs === 0) return monomial;
  const powers = [...monomial.powers];
  powers[heads] -= pairs;
  powers[headSize] -= pairs;
  powers[width] += pairs;
  return { ...monomial, powers };
}

function factor(monomials: readonly Monomial[]): Expression {
  if (monomials.length === 0) return fraction(0, 1);
  const common = commonFactor(monomials);
  const rest = monomials.map((monomial) => divide(monomial, common));
  if (rest.length === 1) return fromMonomial(common);
  const perLayer = rest.filter(({ powers }) => powers[layers] > 0);
  const others = rest.filter(({ powers }) => powers[layers] === 0);
  const terms = perLayer.length < 2 || others.length === 0
    ? rest.map(fromMonomial)
    : [factor(perLayer), ...others.map(fromMonomial)];
  const factors = [...factorsOf(fromMonomial(common)), sum(...terms)];
  return product(...factors.filter((candidate) => !isOne(candidate)));
}

function commonFactor(monomials: readonly Monomial[]): Monomial {
  const powers = symbolOrder.map((_, i) => Math.min(...monomials.map((monomial) => monomial.powers[i])));
  const denominator = monomials.map(({ coefficient }) => coefficient.denominator)
    .reduce((a, b) => a / greatestCommonDivisor(a, b) * b);
  const numerator = monomials.map(({ coefficient }) => coefficient.numerator * denominator / coefficient.denominator)
    .reduce(greatestCommonDivisor);
  return { coefficient: multiplyFractions({ numerator, denominator: 1n }, { numerator: 1n, denominator }), powers };
}

function divide(monomial: Monomial, divisor: Monomial): Monomial {
  const { numerator, denominator } = divisor.coefficient;
  return {
    coefficient: multiplyFractions(monomial.coefficient, { numerator: denominator, denominator: numerator }),
    powers: monomial.powers.map((power, i) => power - divisor.powers[i]),
  };
}

function fromMonomial({ coefficient, powers }: Monomial): Expression {
  const names = symbolOrder.flatMap((name, i) => Array<SymbolName>(powers[i]).fill(name));
  const number = fraction(coefficient.numerator, coefficient.denominator);
  return names.length > 0 && isOne(number) ? product(...names) : product(number, ...names);
}

function factorsOf(expression: Expression): readonly Expression[] {
  return expression.kind === "product" ? expression.factors : [expression];
}

function isOne(expression: Expression): boolean {
  return expression.kind === "number" && expression.numerator === expression.denominator;
}
