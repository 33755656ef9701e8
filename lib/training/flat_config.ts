/**
 * Every field of a configuration with its path and its value as text, in the order in which they stand there.
 *
 * @param config What a JSON file holds.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(flatConfig({ steps: 10, model: { d_model: 64 } }), [["steps", "10"], ["model.d_model", "64"]]);
 * ```
 */
export function flatConfig(config: unknown): [field: string, value: string][] {
  return [...fields(config, "")];
}

function* fields(value: unknown, path: string): Generator<[string, string]> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) yield* fields(inner, path === "" ? key : `${path}.${key}`);
  } else if (value !== undefined) yield [path, textOf(value)];
}

function textOf(value: unknown): string {
  // Twelve digits: a tenth of 0.003 shall not be 0.00030000000000000003.
  if (typeof value === "number") return String(Number(value.toPrecision(12)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
