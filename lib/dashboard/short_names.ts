// A label at a line's end takes room from the chart.
const LONGEST = 26;

/**
 * Names of runs as charts show them: without their folders and cut where they are long, as far as they stay different from
 * one another.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(shortNames(["base", "experiments/rope-1a2b"]), ["base", "rope-1a2b"]);
 * assertEquals(shortNames(["one/rope", "two/rope"]), ["one/rope", "two/rope"]);
 * ```
 */
export function shortNames(names: readonly string[]): readonly string[] {
  const last = names.map((name) => name.slice(name.lastIndexOf("/") + 1));
  const cut = last.map((name) => name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);
  return [cut, last].find((candidates) => new Set(candidates).size === names.length) ?? names;
}
