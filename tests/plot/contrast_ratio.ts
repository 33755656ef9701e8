/** The contrast of two colours (#rrggbb) as WCAG 2 defines it, from 1 to 21. */
export function contrastRatio(a: string, b: string): number {
  const luminance = (color: string) => {
    const [red, green, blue] = color.slice(1).match(/../g)!.map((pair) => parseInt(pair, 16) / 255)
      .map((share) => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
