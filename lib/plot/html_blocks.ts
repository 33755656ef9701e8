import { Markup, markup, type MarkupValue } from "./markup.ts";

// A number with its unit, or with what it is uncertain by; broken over lines it is hard to read.
const QUANTITY = /^(?=.{3,20}$)[+-]?\d\S* /;

/** A table's columns, rows, and what it shows. */
export interface HtmlTable {
  /** Headings; left out, the table has none, as where its first column names what stands beside it. */
  columns?: readonly string[];
  /** Cells by row. Numbers stand to the right, all else to the left. */
  rows: readonly (readonly MarkupValue[])[];
  /** Stands above the table. */
  caption?: MarkupValue;
  /** How numbers are written; left out, in full. */
  format?: (value: number) => string;
}

/**
 * A table. One that is wider than the page scrolls by itself.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const table = htmlTable({ columns: ["run", "loss"], rows: [["small", 1.5], ["large", 1.25]] });
 * assertStringIncludes(table.source, `<td>small</td><td class="number">1.5</td>`);
 * ```
 */
export function htmlTable({ columns, rows, caption, format = String }: HtmlTable): Markup {
  const count = Math.max(columns?.length ?? 0, ...rows.map((row) => row.length));
  const isNumeric = Array.from({ length: count }, (_, i) => isNumberColumn(rows.map((row) => row[i])));
  const cell = (value: MarkupValue, i: number) => {
    const text = typeof value === "number" ? format(value) : value;
    if (isNumeric[i]) return markup`<td class="number">${text}</td>`;
    return typeof text === "string" && QUANTITY.test(text)
      ? markup`<td class="quantity">${text}</td>`
      : markup`<td>${text}</td>`;
  };
  const heading = (text: string, i: number) =>
    isNumeric[i] ? markup`<th class="number" scope="col">${text}</th>` : markup`<th scope="col">${text}</th>`;
  return markup`<div class="wide"><table>
${caption === undefined ? "" : markup`<caption>${caption}</caption>\n`}${
    columns && markup`<thead><tr>${columns.map(heading)}</tr></thead>\n`
  }<tbody>
${rows.map((row) => markup`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div>`;
}

/**
 * A chart with words under it.
 *
 * @param svg An SVG document as `renderSvg()` makes it; it is put into the page as it is.
 * @param caption What is to be seen.
 */
export function figure(svg: string, caption?: MarkupValue): Markup {
  return markup`<figure><div class="wide">${new Markup(svg.trimEnd())}</div>${
    caption === undefined ? "" : markup`<figcaption>${caption}</figcaption>`
  }</figure>`;
}

/** Text as somebody or some model wrote it: every space and line break as it is. */
export function htmlText(text: string): Markup {
  return markup`<pre class="text">${text}</pre>`;
}

/** A command line to copy. */
export function htmlCommand(command: string): Markup {
  return markup`<pre class="command"><code>${command}</code></pre>`;
}

/** Numbers with gaps still stand to the right; a column with a word in it does not. */
function isNumberColumn(cells: readonly MarkupValue[]): boolean {
  const filled = cells.filter((value) => value !== null && value !== undefined && value !== "");
  return filled.length > 0 && filled.every((value) => typeof value === "number" || typeof value === "bigint");
}
