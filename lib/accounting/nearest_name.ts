import { closestString } from "@std/text/closest-string";

/**
 * Looks a name up in a table of presets.
 *
 * @param kind What the names are, for the message: "model preset".
 * @throws {RangeError} If it is not there; the message names the nearest and lists all.
 */
export function lookUp<T>(presets: Readonly<Record<string, T>>, name: string, kind: string): T {
  if (Object.hasOwn(presets, name)) return presets[name];
  const names = Object.keys(presets);
  throw new RangeError(
    `Cannot use the ${kind} "${name}": there is none; the nearest is "${closestString(name, names)}" (known: ${
      names.join(", ")
    })`,
  );
}
