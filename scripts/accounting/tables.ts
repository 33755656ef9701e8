import type { Account, Line, Section } from "../../lib/accounting/account.ts";
import { formatExpression, formatInteger, formatWithValues } from "../../lib/accounting/format_expression.ts";
import { normalForm } from "../../lib/accounting/normal_form.ts";
import { symbolOrder, symbols } from "../../lib/accounting/symbols.ts";
import { shareBar } from "../../lib/plot/share_bar.ts";
import { formatBytes } from "../../lib/data/amounts.ts";
import type { Value } from "../frame/align_table.ts";
import type { Report } from "../frame/report.ts";

/** Prints tables, aligned for a terminal or as Markdown. */
export class TablePrinter {
  readonly #report: Report;
  readonly #markdown: boolean;

  constructor(report: Report, markdown: boolean) {
    this.#report = report;
    this.#markdown = markdown;
  }

  /** One table with its title. */
  table(title: string, columns: readonly string[], rows: readonly (readonly Value[])[]): void {
    if (!this.#markdown) return this.#report.say(`${title}\n${this.#report.align(columns, rows)}\n`);
    const line = (cells: readonly Value[]) =>
      `| ${cells.map((cell) => typeof cell === "bigint" ? formatInteger(cell) : String(cell)).join(" | ")} |`;
    this.#report.say(
      [`### ${title}`, "", line(columns), line(columns.map(() => "---")), ...rows.map(line), ""].join("\n"),
    );
  }

  /** What the letters of shapes and formulas stand for, with the model's values. */
  symbols(title: string, { values }: Account): void {
    this.table(title, ["", "", ""], symbolOrder.map((name) => [name, symbols[name], values[name] ?? 0n]));
  }

  /** The lines of a section with their shares of the sum as numbers and bars. */
  section({ title, unit, lines, total }: Section): void {
    const hasShapes = lines.some(({ shapes }) => typeof shapes === "string");
    const cells = ({ name, shapes, value }: Line): Value[] => [
      name,
      ...(hasShapes ? [shapes ?? ""] : []),
      value,
      ...(unit === "bytes" ? [formatBytes(Number(value))] : []),
    ];
    const columns = ["", ...(hasShapes ? ["shapes"] : []), unit, ...(unit === "bytes" ? [""] : [])];
    if (!total) return this.table(title, columns, lines.map(cells));
    const rows = lines.map((line) => {
      const share = Number(line.value) / Number(total.value);
      return [...cells(line), `${(100 * share).toFixed(1)} %`, shareBar(share, 20)];
    });
    this.table(title, [...columns, "share", ""], [...rows, [...cells(total), "", ""]]);
  }
}

/** One line that says what the letters of the formulas of a model and its training stand for. */
export const lettersText = `In formulas: ${
  (["b", "c", "n", "h", "d_h", "V", "d"] as const).map((name) => `${name} is ${symbols[name]}`).join("; ")
}.`;

/** Every formula of the sections: with symbols, with numbers, and its value. */
export function formulasText(sections: readonly Section[], { values }: Account): string {
  const legend = symbolOrder.map((name) => `${name.padEnd(5)} ${symbols[name]} = ${formatInteger(values[name] ?? 0n)}`);
  const lines = sections.flatMap(({ title, lines, total }) => [
    `\n${title}`,
    ...[...lines, ...(total ? [total] : [])].flatMap(({ name, expression, value }) => {
      const formula = normalForm(expression);
      return [
        `  ${name}`,
        `    = ${formatExpression(formula)}`,
        `    = ${formatWithValues(formula, values)}`,
        `    = ${formatInteger(value)}`,
      ];
    }),
  ]);
  return [...legend, ...lines].join("\n");
}

/** A section as JSON carries it: formulas as text beside the values, written only if it comes to that. */
export function plainSection({ unit, lines, total }: Section, { values }: Account): { toJSON(): unknown } {
  const plainLine = ({ expression, ...line }: Line) => {
    const formula = normalForm(expression);
    return { ...line, formula: formatExpression(formula), expanded: formatWithValues(formula, values) };
  };
  return { toJSON: () => ({ unit, lines: [...lines, ...(total ? [total] : [])].map(plainLine) }) };
}
