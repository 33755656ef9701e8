import { assertEquals, assertThrows } from "@std/assert";
import { evaluate, fraction, product, sum } from "../../lib/accounting/expression.ts";
import { formatExpression, formatWithValues } from "../../lib/accounting/format_expression.ts";
import { isSamePolynomial, normalForm } from "../../lib/accounting/normal_form.ts";

Deno.test("evaluate() is exact past 2^53", () => {
  const value = evaluate(product(3, "b", "b", "b"), { b: 2n ** 40n + 1n });
  assertEquals(value, 3n * (2n ** 40n + 1n) ** 3n);
});

Deno.test("evaluate() carries halves through to a whole number", () => {
  assertEquals(evaluate(sum(product(fraction(1, 2), "c"), fraction(3, 2)), { c: 7n }), 5n);
});

Deno.test("evaluate() refuses a symbol without a value and a count that is not whole", () => {
  assertThrows(
    () => evaluate(product("d", "d_ff"), { d: 4n }),
    RangeError,
    "d_ff has no value; values are given for d",
  );
  assertThrows(() => evaluate(fraction(6, 4), {}), RangeError, "3/2");
  assertThrows(() => fraction(1, 0), RangeError, "1/0");
});

Deno.test("normalForm() collects like terms and puts the common factor in front", () => {
  const formula = sum(
    product(2, "V", "d"),
    product("n", sum(product("d", "d"), product(3, "d", "d"))),
    product(2, "d"),
  );
  assertEquals(formatExpression(normalForm(formula)), "2 d (V + 2 n d + 1)");
});

Deno.test("normalForm() gathers what every layer repeats", () => {
  const formula = sum(product("V", "d"), product("n", sum(product(4, "d", "d"), "d", product("d", "d_ff"))), "d");
  assertEquals(formatExpression(normalForm(formula)), "d (n (4 d + 1 + d_ff) + V + 1)");
});

Deno.test("normalForm() writes h d_h as d", () => {
  assertEquals(formatExpression(normalForm(product(2, "h", "d_h", "h", "c"))), "2 c h d");
});

Deno.test("normalForm() keeps the value, also of fractions and differences", () => {
  const values = { b: 3n, c: 7n, n: 2n, h: 4n, d_h: 6n, d: 24n };
  for (
    const formula of [
      product("b", fraction(1, 2), "c", sum("c", 1)),
      sum(product(6, "c"), product(-4, "d"), product("n", "h", "d_h")),
      product(fraction(2, 3), sum("d", product(3, "b")), "d"),
      sum("c", product(-1, "c")),
      sum(),
      product(),
    ]
  ) {
    assertEquals(evaluate(normalForm(formula), values), evaluate(formula, values), formatExpression(formula));
  }
});

Deno.test("isSamePolynomial() tells equal formulas from different ones for all numbers", () => {
  assertEquals(isSamePolynomial(product("c", sum("c", 1)), sum(product("c", "c"), "c")), true);
  assertEquals(isSamePolynomial(product(2, "c"), product("c", "c")), false); // equal for c = 2 only
});

Deno.test("formulas print with symbols, powers and brackets, and with numbers in their places", () => {
  const formula = sum(product(2, "V", "d"), product("n", sum(product(4, "d", "d"), product(-1, "d"))));
  assertEquals(formatExpression(formula), "2 V d + n (4 d^2 - 1 d)");
  assertEquals(
    formatWithValues(formula, { V: 50_257n, d: 1_600n, n: 48n }),
    "2 × 50,257 × 1,600 + 48 × (4 × 1,600^2 - 1 × 1,600)",
  );
  assertEquals(formatExpression(product(fraction(1, 2), "c", sum("c"))), "1/2 c^2");
});
