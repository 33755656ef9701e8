/**
 * Thins a row of points out for a chart: at most `most`, each the mean of equally many neighbours.
 *
 * @param keys Which of a point's numbers are averaged; whatever else it has comes from the first of the neighbours.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const points = [1, 2, 3, 4].map((x) => ({ run: "a", x, y: 10 * x }));
 * assertEquals(averageNeighbours(points, 2, ["x", "y"]), [{ run: "a", x: 1.5, y: 15 }, { run: "a", x: 3.5, y: 35 }]);
 * ```
 */
export function averageNeighbours<Key extends string, Point extends Record<Key, number>>(
  points: readonly Point[],
  most: number,
  keys: readonly Key[],
): Point[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    const mean = (key: Key) => group.reduce((sum, point) => sum + point[key], 0) / group.length;
    return { ...group[0], ...Object.fromEntries(keys.map((key) => [key, mean(key)])) };
  });
}
