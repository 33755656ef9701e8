import { formatNumber } from "../../lib/data/amounts.ts";
import { columnsOf } from "./columns_of.ts";

/** A value in a report: what JSON carries as it is, and people read with separators. */
export type Value = string | number | bigint | boolean | null;

const GAP = "  ";

/**
 * Rows as columns of text: numbers to the right, words to the left.
 *
 * @param width Columns of the terminal. Words of a table that is wider are broken over lines, the widest column's
 *   first, as far as that makes it fit; numbers never are.
 */
export function alignTable(
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  width = Infinity,
): string {
  const isNumber = columns.map((_, i) => rows.some((row) => isNumeric(row[i])) && rows.every((row) => !isWord(row[i])));
  const decimals = columns.map((_, i) => isNumber[i] ? commonDecimals(rows.map((row) => row[i])) : undefined);
  const texts = rows.map((row) => row.map((cell, i) => withDecimals(show(cell), decimals[i])));
  const natural = columns.map((column, i) => Math.max(column.length, ...texts.map((row) => columnsOf(row[i] ?? ""))));
  const widths = fit(natural, width - GAP.length * (columns.length - 1), (i) => {
    const cells = [columns[i], ...texts.map((row) => row[i] ?? "")];
    return isNumber[i] ? natural[i] : Math.max(...cells.flatMap(piecesOf).map((piece) => columnsOf(piece.trimEnd())));
  });
  const pad = (cell: string, i: number) => {
    const space = " ".repeat(widths[i] - columnsOf(cell));
    return isNumber[i] ? space + cell : cell + space;
  };
  const lines = (cells: readonly string[]) => {
    const broken = columns.map((_, i) => wrapCell(cells[i] ?? "", widths[i]));
    return Array.from(
      { length: Math.max(...broken.map(({ length }) => length)) },
      (_, row) => broken.map((cell, i) => pad(cell[row] ?? "", i)).join(GAP).trimEnd(),
    );
  };
  const heading = columns.some((column) => column !== "");
  return [
    ...(heading ? [...lines(columns), widths.map((width) => "─".repeat(width)).join(GAP)] : []),
    ...texts.flatMap(lines),
  ]
    .join("\n");
}

/** Widths that together are no more than `room`, the widest made narrower first; as they are if that cannot be. */
function fit(natural: readonly number[], room: number, leastOf: (i: number) => number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  if (excess <= 0) return widths;
  const least = widths.map((_, i) => leastOf(i));
  if (least.reduce((sum, width) => sum + width, 0) > room) return widths;
  for (; excess > 0; excess--) {
    const widest = widths.reduce((best, width, i) => width > least[i] && width > (widths[best] ?? 0) ? i : best, -1);
    widths[widest]--;
  }
  return widths;
}

// A number with its unit, or with what it is uncertain by.
const QUANTITY = /^(?=.{3,20}$)[+-]?\d\S* /;

/** A text in pieces between which a line may end: after spaces and slashes, and between the words of a run's name. */
function piecesOf(text: string): string[] {
  if (QUANTITY.test(text)) return [text];
  return text.split(/(?<=[ /])|(?<=\w-)(?=[a-z_]{2}|[0-9a-f]{8})/);
}

function wrapCell(text: string, width: number): string[] {
  const lines = [""];
  for (const piece of piecesOf(text)) {
    const longer = lines[lines.length - 1] + piece;
    if (columnsOf(longer.trimEnd()) <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines.map((line) => line.trimEnd());
}

/**
 * Decimals that all numbers of a column are given, if they are of one kind: some with a fraction, and none from 10 on.
 */
function commonDecimals(cells: readonly (Value | undefined)[]): number | undefined {
  const numbers = cells.filter((cell) => typeof cell === "number");
  if (numbers.length < cells.filter(isNumeric).length || numbers.some((number) => Math.abs(number) >= 10)) {
    return undefined;
  }
  const decimals = Math.max(0, ...numbers.map((number) => /^-?\d\.(\d+)$/.exec(show(number))?.[1].length ?? 0));
  return decimals > 0 ? decimals : undefined;
}

function withDecimals(text: string, decimals: number | undefined): string {
  const [, whole, fraction = ""] = /^(-?\d)(?:\.(\d+))?$/.exec(text) ?? [];
  return decimals === undefined || whole === undefined ? text : `${whole}.${fraction.padEnd(decimals, "0")}`;
}

function isNumeric(value: Value | undefined): boolean {
  return typeof value === "number" || typeof value === "bigint";
}

function isWord(value: Value | undefined): boolean {
  return typeof value === "string" && value !== "" && !/^[\d.,+\-% ]+$/.test(value);
}

/** A value as people read it: digits in groups, as many decimals as mean something. */
export function show(value: Value): string {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))) return formatNumber(value);
  if (typeof value === "number") {
    const size = Math.abs(value);
    // Four decimals, as losses have them, and fewer where the digits before them say more than anybody has measured.
    const decimals = size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 1;
    return size >= 0.01 && size < 1e15 ? formatNumber(value, decimals) : value.toPrecision(4);
  }
  return value === null ? "" : String(value);
}
