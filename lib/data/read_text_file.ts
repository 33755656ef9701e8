/**
 * Reads a text file in UTF-8, without the byte order mark that some editors put before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync();
 * Deno.writeTextFileSync(path, "\u{FEFF}{}");
 * assertEquals(readTextFile(path), "{}");
 * Deno.removeSync(path);
 * ```
 */
export function readTextFile(path: string | URL): string {
  return Deno.readTextFileSync(path).replace(/^\uFEFF/, "");
}
