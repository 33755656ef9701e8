import type { z } from "zod";
import { inOurWords, refusal } from "../data/refusal.ts";

/**
 * Reads a file of JSON lines that a process appends to. A last line that a killed process left unfinished is passed
 * over.
 *
 * @param path The file; one that does not exist yet has no lines.
 * @param schema What a line must be.
 * @param what What a line is called in messages: "line of metrics".
 * @throws {Error} If another line is damaged; the message names it.
 */
export function readJsonLines<T>(path: string, schema: z.ZodType<T>, what: string): T[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").slice(0, -1).map((line, i) => {
    const value = parseJson(line);
    const parsed = schema.safeParse(value, inOurWords);
    if (parsed.success) return parsed.data;
    throw new Error(
      `Cannot read ${path}: line ${i + 1} is no ${what} (${refusal(parsed.error.issues[0], value)}); ` +
        `remove it, or restore the file`,
    );
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
