/** A label that wants to stand with its left edge, half way up, at a point. All in pixels, y downwards. */
export interface PlacedLabel {
  /** Left edge. */
  x: number;
  /** Middle. */
  y: number;
  /** From left to right. */
  width: number;
}

/**
 * Heights for labels at the ends of lines: as near as can be to where each wants to be, in the same order from top to
 * bottom, and no two over each other. Labels beside each other leave each other alone.
 *
 * @param labels Where they want to be.
 * @param lineHeight Least distance from middle to middle.
 * @param bottom No middle is below this.
 * @returns The middle of each, in the order given.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const label = (y: number) => ({ x: 100, y, width: 40 });
 * assertEquals(placeLabels([label(50), label(52), label(90)], 14), [44, 58, 90]);
 * ```
 */
export function placeLabels(labels: readonly PlacedLabel[], lineHeight: number, bottom = Infinity): number[] {
  const heights = new Array<number>(labels.length);
  for (const column of columnsOf(labels)) {
    column.sort((a, b) => labels[a].y - labels[b].y);
    // Once every label has been moved up by its rank's share, "far enough apart" means "not decreasing", and the
    // nearest such heights are found by joining neighbours that are out of order at their mean.
    const blocks: { mean: number; size: number }[] = [];
    column.forEach((label, rank) => {
      let block = { mean: labels[label].y - rank * lineHeight, size: 1 };
      while (blocks.length > 0 && blocks[blocks.length - 1].mean > block.mean) {
        const above = blocks.pop()!;
        const size = above.size + block.size;
        block = { mean: (above.mean * above.size + block.mean * block.size) / size, size };
      }
      blocks.push(block);
    });
    const means = blocks.flatMap(({ mean, size }) => new Array<number>(size).fill(mean));
    column.forEach((label, rank) => {
      const below = column.length - 1 - rank;
      heights[label] = Math.min(means[rank] + rank * lineHeight, bottom - below * lineHeight);
    });
  }
  return heights;
}

/** Labels in groups of which none reaches, from left to right, into another. */
function columnsOf(labels: readonly PlacedLabel[]): number[][] {
  const columns: number[][] = [];
  let end = -Infinity;
  for (const label of [...labels.keys()].sort((a, b) => labels[a].x - labels[b].x)) {
    const { x, width } = labels[label];
    if (x >= end) columns.push([]);
    columns[columns.length - 1].push(label);
    end = Math.max(end, x + width);
  }
  return columns;
}
