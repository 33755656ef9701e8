import { parse } from "@std/jsonc/parse";
import { readTextFile } from "../data/read_text_file.ts";

/**
 * Reads a configuration file: JSON with comments and trailing commas. What it holds is checked by
 * `parseTrainingConfig()`.
 *
 * @throws {Error} If there is no such file, or it is not JSON; the message says where.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync({ suffix: ".jsonc" });
 * Deno.writeTextFileSync(path, `{ "steps": 100, // a short run\n}`);
 * assertEquals(readConfigFile(path), { steps: 100 });
 * Deno.removeSync(path);
 * ```
 */
export function readConfigFile(path: string | URL): unknown {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot read the configuration ${path}: there is no such file; configs/ has examples`);
  }
  try {
    return parse(text);
  } catch (error) {
    throw new Error(
      `Cannot read the configuration ${path}: it is not JSON with comments (${
        error instanceof Error ? error.message : error
      })`,
    );
  }
}
