/**
 * Why Deno.dlopen() did not open a library, in one line: Deno says twice that it could not, and then the library's
 * name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const error = new Error("Could not open library: Could not open library: libx.so: cannot open shared object file");
 * assertEquals(whyNotOpened(error, "libx.so"), "cannot open shared object file");
 * ```
 */
export function whyNotOpened(error: unknown, name: string): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.replace(/^(Could not open library: )+/, "").replace(`${name}: `, "");
}
