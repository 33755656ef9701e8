import { columnsOf } from "./columns_of.ts";

/**
 * Lines of at most `width` columns, broken between words; a word that is longer has a line of its own. A line's own
 * indentation stays, also on those that continue it.
 *
 * @param text One line or several.
 */
export function wrapText(text: string, width: number): string[] {
  return text.split("\n").flatMap((line) => {
    const indent = /^ */.exec(line)![0];
    const lines = [indent];
    for (const word of line.trim().split(/ +/)) {
      const last = lines[lines.length - 1];
      const longer = last.length === indent.length ? last + word : `${last} ${word}`;
      if (last.length === indent.length || columnsOf(longer) <= width) lines[lines.length - 1] = longer;
      else lines.push(indent + word);
    }
    return lines;
  });
}
