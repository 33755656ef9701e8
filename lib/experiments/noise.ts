/** Values that differ by chance: their mean, and how far they lie apart. */
export interface Spread {
  mean: number;
  /** Standard deviation of a sample (n - 1); NaN for fewer than two values. */
  deviation: number;
  count: number;
}

/** Two groups of values beside each other. */
export interface Comparison {
  /** Mean of the second less that of the first. */
  difference: number;
  /** Half the width of its 95 % confidence interval; NaN where no group has two values. */
  uncertainty: number;
  /** Whether the interval leaves out zero; "unknown" where there is none. */
  verdict: "lower" | "higher" | "within the noise" | "unknown";
}

/**
 * Mean and standard deviation.
 *
 * @throws {RangeError} If there are no values.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(spreadOf([1, 2, 3]), { mean: 2, deviation: 1, count: 3 });
 * ```
 */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  if (count === 0) throw new RangeError("Cannot take a mean: there are no values");
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count < 2 ? NaN : Math.sqrt(squares / (count - 1)), count };
}

/**
 * Compares two groups by Student's t-test with pooled variance: whether their means differ by more than chance
 * explains. Where one group has a single value, the other's spread stands for both; with a single value each nothing
 * can be said.
 *
 * @throws {RangeError} If a group is empty.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(compareSeeds([2.01, 2.00, 2.02], [1.90, 1.91, 1.89]).verdict, "lower");
 * assertEquals(compareSeeds([2.01, 2.00, 2.02], [2.00, 2.03, 2.01]).verdict, "within the noise");
 * assertEquals(compareSeeds([2], [1]).verdict, "unknown");
 * ```
 */
export function compareSeeds(first: readonly number[], second: readonly number[]): Comparison {
  const [a, b] = [spreadOf(first), spreadOf(second)];
  const difference = b.mean - a.mean;
  const freedom = a.count + b.count - 2;
  if (freedom === 0) return { difference, uncertainty: NaN, verdict: "unknown" };
  const squares = [a, b].reduce((sum, { deviation, count }) => count < 2 ? sum : sum + (count - 1) * deviation ** 2, 0);
  const uncertainty = studentQuantile(freedom) * Math.sqrt(squares / freedom * (1 / a.count + 1 / b.count));
  const verdict = Math.abs(difference) <= uncertainty ? "within the noise" : difference < 0 ? "lower" : "higher";
  return { difference, uncertainty, verdict };
}

// Two-sided 95 % quantiles of Student's t distribution for 1, 2, 3 ... degrees of freedom (any table of statistics).
const QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** The 95 % quantile; between the table's end and infinity, where it is 1.96, it hardly changes. */
function studentQuantile(freedom: number): number {
  return QUANTILES[freedom - 1] ?? 1.96 + (QUANTILES[9] - 1.96) * 10 / freedom;
}
