import { type Answer, type AnswerTable, cellText } from "./answer.ts";

/** An answer as Markdown; charts lie beside it as SVG files. */
export function answerMarkdown(answer: Answer): string {
  const { problem, title, question, verdict, tables, charts, samples, circumstances } = answer;
  return [
    `# ${title} (${problem})`,
    question,
    ...verdict,
    ...tables.map(markdownTable),
    ...charts.map(({ name, caption }) => `![${caption}](${name}.svg)\n\n*${caption}*`),
    ...samples.map(({ name, text }) =>
      `**${name}** wrote:\n\n${text.split("\n").map((line) => `> ${line}`).join("\n")}`
    ),
    "## Circumstances",
    circumstances.map(([name, value]) => `* ${name}: ${value}`).join("\n"),
  ].join("\n\n") + "\n";
}

function markdownTable({ title, note, columns, rows }: AnswerTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const isNumeric = columns.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  return [
    `**${title}**${note === undefined ? "" : `. ${note}`}`,
    "",
    line(columns),
    line(isNumeric.map((numeric) => numeric ? "---:" : "---")),
    ...rows.map((row) => line(columns.map((_, i) => cellText(row[i])))),
  ].join("\n");
}
