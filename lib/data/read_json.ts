import type { z } from "zod";
import { readTextFile } from "./read_text_file.ts";
import { inOurWords, refusal } from "./refusal.ts";

/**
 * Reads a JSON file and checks what it holds.
 *
 * @param advice What to do if it cannot be used, for the end of the message.
 * @throws {Error} If it is not there, no JSON, or not as the schema wants it: every field that is refused is named with
 *   its value and what was expected.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { z } from "zod";
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, `{ "step": -1 }`);
 * assertEquals(readJson(path, z.object({ step: z.int() })), { step: -1 });
 * assertThrows(() => readJson(path, z.object({ step: z.int().min(0) })), Error, "step is -1");
 * Deno.removeSync(path);
 * ```
 */
export function readJson<Schema extends z.ZodType>(path: string, schema: Schema, advice?: string): z.output<Schema> {
  const end = advice === undefined ? "" : `; ${advice}`;
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error(`Cannot read ${path}: there is no such file${end}`);
    if (error instanceof SyntaxError) throw new Error(`Cannot read ${path}: it is not JSON (${error.message})${end}`);
    throw error;
  }
  const parsed = schema.safeParse(value, inOurWords);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => refusal(issue, value));
  throw new Error(`Cannot use ${path}:${problems.length === 1 ? " " : "\n  "}${problems.join("\n  ")}${end}`);
}
