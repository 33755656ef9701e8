import { nearestName } from "../data/nearest_name.ts";

/**
 * Looks a name up in a table of presets.
 *
 * @param kind What the names are, for the message: "model preset".
 * @throws {RangeError} If it is not there; the message lists all, and names the one that was probably meant.
 */
export function lookUp<T>(presets: Readonly<Record<string, T>>, name: string, kind: string): T {
  if (Object.hasOwn(presets, name)) return presets[name];
  const names = Object.keys(presets);
  const nearest = nearestName(name, names);
  throw new RangeError(
    `Cannot use the ${kind} "${name}": there is none; ` +
      (nearest === undefined
        ? `expected one of ${names.join(", ")}`
        : `the nearest is "${nearest}" of ${names.join(", ")}`),
  );
}
