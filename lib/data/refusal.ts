import { z } from "zod";

const kinds: Readonly<Record<string, string>> = {
  number: "a number",
  int: "an integer",
  string: "a text",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  tuple: "a list",
};

/**
 * For `parse()` and `safeParse()` of a schema: what was expected is said as everywhere in this library, not in zod's
 * words. Messages of the schema's own come before.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 * const { error } = z.object({ steps: z.int() }).safeParse({ steps: "9" }, inOurWords);
 * assertEquals(error!.issues[0].message, "expected an integer");
 * ```
 */
export const inOurWords = { error: expectation };

/**
 * One refused part of a value: where it is, what came, and what was expected.
 *
 * @param issue Of a schema that was applied with {@linkcode inOurWords}.
 * @param value What the schema refused.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 * const value = { model: { d_model: 0 } };
 * const { error } = z.object({ model: z.object({ d_model: z.int().min(1) }) }).safeParse(value, inOurWords);
 * assertEquals(refusal(error!.issues[0], value), "model.d_model is 0; expected a number of at least 1");
 * ```
 */
export function refusal({ path, message }: z.core.$ZodIssue, value: unknown): string {
  const came = path.reduce((inner: unknown, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
  return `${path.length === 0 ? "it" : path.map(String).join(".")} is ${show(came)}; ${message}`;
}

function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${kindOf(issue)}`;
    case "invalid_value":
      return `expected ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `expected ${amount(issue.origin)} ${issue.inclusive ? "of at least" : "above"} ${issue.minimum}`;
    case "too_big":
      // A schema says of every integer that it is a safe one.
      if (issue.maximum === Number.MAX_SAFE_INTEGER) return "expected an integer below 2^53";
      return `expected ${amount(issue.origin)} ${issue.inclusive ? "of at most" : "below"} ${issue.maximum}`;
    case "unrecognized_keys":
      return `expected no ${issue.keys.join(", ")}`;
    case "invalid_union":
      return `expected ${issue.errors.map(([{ message }]) => message.replace(/^expected /, "")).join(" or ")}`;
  }
}

function kindOf({ expected, input, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  if (expected !== "number") return kinds[expected];
  // Of what is no number at all, z.int() says that it should be a number.
  if (inst instanceof z.ZodNumberFormat) return kinds.int;
  // JSON has no infinity, but 1e400 is read as one.
  return typeof input === "number" ? "a finite number" : kinds.number;
}

function amount(origin: string): string {
  return kinds[origin] ?? `a ${origin}`;
}

function show(value: unknown): string {
  if (value === undefined) return "missing";
  return typeof value === "number" ? String(value) : JSON.stringify(value).slice(0, 100);
}
