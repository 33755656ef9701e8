const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * A share as a bar of text, exact to an eighth of a character.
 *
 * @param share From 0 to 1.
 * @param width Characters of the whole.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(shareBar(0.3125, 8), "██▌");
 * ```
 */
export function shareBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return "█".repeat(Math.floor(filled / 8)) + eighths[filled % 8];
}
