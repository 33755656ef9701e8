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
import { symbolOrder } from "./symbols.ts";

/** A product of powers of symbols with its coefficient: 3 n d d_ff. */
interface Monomial {
  coefficient: Fraction;
  powers: ReadonlyMap<string, number>;
}

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
      return expression.numerator === 0n ? [] : [{ coefficient: expression, powers: new Map() }];
    case "symbol":
      return [{ coefficient: { numerator: 1n, denominator: 1n }, powers: new Map([[expression.name, 1]]) }];
    case "sum":
      return collect(expression.terms.flatMap(monomialsOf));
    case "product":
      return collect(
        expression.factors.map(monomialsOf).reduce<Monomial[]>(
          (left, right) => left.flatMap((a) => right.map((b) => multiply(a, b))),
          [{ coefficient: { numerator: 1n, denominator: 1n }, powers: new Map() }],
        ),
      );
  }
}

function multiply(a: Monomial, b: Monomial): Monomial {
  const powers = new Map(a.powers);
  for (const [name, power] of b.powers) powers.set(name, (powers.get(name) ?? 0) + power);
  return { coefficient: multiplyFractions(a.coefficient, b.coefficient), powers };
}

function collect(monomials: readonly Monomial[]): Monomial[] {
  const byPowers = new Map<string, Monomial>();
  for (const monomial of monomials.map(mergeHeads)) {
    const key = [...monomial.powers].sort(([a], [b]) => compareSymbols(a, b)).join(" ");
    const known = byPowers.get(key);
    byPowers.set(
      key,
      known ? { ...known, coefficient: addFractions(known.coefficient, monomial.coefficient) } : monomial,
    );
  }
  return [...byPowers.values()].filter(({ coefficient }) => coefficient.numerator !== 0n);
}

function mergeHeads(monomial: Monomial): Monomial {
  const pairs = Math.min(monomial.powers.get("h") ?? 0, monomial.powers.get("d_h") ?? 0);
  if (pairs === 0) return monomial;
  return multiply(monomial, {
    coefficient: { numerator: 1n, denominator: 1n },
    powers: new Map([["h", -pairs], ["d_h", -pairs], ["d", pairs]]),
  });
}

function factor(monomials: readonly Monomial[]): Expression {
  if (monomials.length === 0) return fraction(0, 1);
  const common = commonFactor(monomials);
  const rest = monomials.map((monomial) => divide(monomial, common));
  if (rest.length === 1) return fromMonomial(common);
  const perLayer = rest.filter(({ powers }) => powers.get("n"));
  const others = rest.filter(({ powers }) => !powers.get("n"));
  const terms = perLayer.length < 2 || others.length === 0
    ? rest.map(fromMonomial)
    : [factor(perLayer), ...others.map(fromMonomial)];
  const factors = [...factorsOf(fromMonomial(common)), sum(...terms)];
  return product(...factors.filter((candidate) => !isOne(candidate)));
}

function commonFactor(monomials: readonly Monomial[]): Monomial {
  const powers = new Map<string, number>();
  for (const name of monomials[0].powers.keys()) {
    const shared = Math.min(...monomials.map((monomial) => monomial.powers.get(name) ?? 0));
    if (shared > 0) powers.set(name, shared);
  }
  const denominator = monomials.map(({ coefficient }) => coefficient.denominator)
    .reduce((a, b) => a / greatestCommonDivisor(a, b) * b);
  const numerator = monomials.map(({ coefficient }) => coefficient.numerator * denominator / coefficient.denominator)
    .reduce(greatestCommonDivisor);
  return { coefficient: multiplyFractions({ numerator, denominator: 1n }, { numerator: 1n, denominator }), powers };
}

function divide(monomial: Monomial, divisor: Monomial): Monomial {
  const { numerator, denominator } = divisor.coefficient;
  return multiply(monomial, {
    coefficient: multiplyFractions({ numerator: denominator, denominator: 1n }, {
      numerator: 1n,
      denominator: numerator,
    }),
    powers: new Map([...divisor.powers].map(([name, power]) => [name, -power])),
  });
}

function fromMonomial({ coefficient, powers }: Monomial): Expression {
  const names = [...powers].filter(([, power]) => power > 0).sort(([a], [b]) => compareSymbols(a, b));
  const symbols = names.flatMap(([name, power]) => Array<string>(power).fill(name));
  const number = fraction(coefficient.numerator, coefficient.denominator);
  return symbols.length > 0 && isOne(number) ? product(...symbols) : product(number, ...symbols);
}

function factorsOf(expression: Expression): readonly Expression[] {
  return expression.kind === "product" ? expression.factors : [expression];
}

function isOne(expression: Expression): boolean {
  return expression.kind === "number" && expression.numerator === expression.denominator;
}

function compareSymbols(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

function rank(name: string): number {
  const index = symbolOrder.indexOf(name);
  return index < 0 ? symbolOrder.length : index;
}
