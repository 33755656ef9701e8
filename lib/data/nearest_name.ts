import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * The name that was probably meant by one that does not exist: the nearest by edit distance, upper and lower case
 * alike, if at most a third of its letters differ. Of equally near names the first.
 *
 * @returns Undefined where none is near enough to be a slip of the pen.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(nearestName("vocab-sise", ["seed", "vocab-size"]), "vocab-size");
 * assertEquals(nearestName("learn", ["seed", "vocab-size"]), undefined);
 * ```
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const lowerCase = name.toLowerCase();
  let nearest: string | undefined;
  let smallest = Infinity;
  for (const candidate of names) {
    const distance = levenshteinDistance(lowerCase, candidate.toLowerCase());
    if (distance >= smallest || 3 * distance > Math.max(name.length, candidate.length)) continue;
    nearest = candidate;
    smallest = distance;
  }
  return nearest;
}
