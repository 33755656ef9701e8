import { assertEquals } from "@std/assert";
import { z } from "zod";
import { inOurWords, refusal } from "../../lib/data/refusal.ts";

/** What is said of a value that a schema refuses. */
function said(schema: z.ZodType, value: unknown): string[] {
  return schema.safeParse(value, inOurWords).error!.issues.map((issue) => refusal(issue, value));
}

Deno.test("whatever is refused is named with what came and what was expected, and never in zod's words", () => {
  const refused: [z.ZodType, unknown, string][] = [
    [z.number(), "1", 'a is "1"; expected a number'],
    [z.int(), 1.5, "a is 1.5; expected an integer"],
    [z.int(), 1e300, "a is 1e+300; expected an integer below 2^53"],
    [z.number(), Infinity, "a is Infinity; expected a finite number"],
    [z.string(), undefined, "a is missing; expected a text"],
    [z.boolean(), null, "a is null; expected true or false"],
    [z.array(z.int()), {}, "a is {}; expected a list"],
    [z.record(z.string(), z.int()), [], "a is []; expected an object"],
    [z.array(z.int()).length(2), [1], "a is [1]; expected a list of at least 2"],
    [z.number().positive(), 0, "a is 0; expected a number above 0"],
    [z.number().max(1), 2, "a is 2; expected a number of at most 1"],
    [z.enum(["pre", "post"]), "mid", 'a is "mid"; expected one of pre, post'],
    [z.literal(1), 2, "a is 2; expected 1"],
    [z.union([z.int(), z.array(z.int())]), "x", 'a is "x"; expected an integer or a list'],
    [z.strictObject({}), { b: 1 }, 'a is {"b":1}; expected no b'],
    [z.literal("llama", "only Llama is supported"), "gpt", 'a is "gpt"; only Llama is supported'],
  ];
  for (const [schema, a, message] of refused) assertEquals(said(z.object({ a: schema }), { a }), [message]);
});

Deno.test("a place is named by its path, the whole as it", () => {
  assertEquals(said(z.object({ layers: z.array(z.object({ d: z.int() })) }), { layers: [{ d: 1 }, {}] }), [
    "layers.1.d is missing; expected an integer",
  ]);
  assertEquals(said(z.object({}), [1, 2]), ["it is [1,2]; expected an object"]);
});
