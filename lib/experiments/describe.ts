import { formatNumber } from "../data/amounts.ts";
import type { Comparison, Spread } from "./noise.ts";

/**
 * A loss over seeds, as people write it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { spreadOf } from "./noise.ts";
 * assertEquals(describeSpread(spreadOf([2, 2.1])), "2.0500 ± 0.0707 (2 seeds)");
 * assertEquals(describeSpread(spreadOf([2])), "2.0000 (1 seed)");
 * ```
 */
export function describeSpread({ mean, deviation, count }: Spread): string {
  const spread = count < 2 ? "" : ` ± ${deviation.toFixed(4)}`;
  return `${mean.toFixed(4)}${spread} (${countOf(count, "seed")})`;
}

/**
 * A comparison as a clause whose subject is the second group: "is lower by 0.0300 ± 0.0100".
 */
export function describeComparison({ difference, uncertainty, verdict }: Comparison): string {
  const size = Math.abs(difference).toFixed(4);
  const sign = difference < 0 ? "lower" : "higher";
  switch (verdict) {
    case "unknown":
      return `is ${sign} by ${size} with one seed each, which cannot be told from chance`;
    case "within the noise":
      return `differs by ${difference.toFixed(4)} ± ${uncertainty.toFixed(4)}, which is within the noise between seeds`;
    default:
      return `is ${sign} by ${size} ± ${uncertainty.toFixed(4)}, more than seeds explain`;
  }
}

/** A learning rate as people write it: 0.001, 3e-5. */
export function describeRate(rate: number): string {
  return rate >= 1e-3 ? String(Number(rate.toPrecision(3))) : rate.toExponential();
}

/** A text as the beginning of a sentence. */
export function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

/** A number of things: "1 step", "2 steps". */
export function countOf(count: number, thing: string): string {
  return `${formatNumber(count, 0)} ${thing}${count === 1 ? "" : "s"}`;
}

/** Names in a row: "a, b and c". */
export function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
