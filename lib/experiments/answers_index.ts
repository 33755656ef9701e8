import type { Answer } from "./answer.ts";

/**
 * A page of Markdown over several answers: each problem with the first sentence or two of what was found, and where the
 * rest is.
 *
 * @param scale Folder of each answer below its problem's.
 */
export function answersIndex(answers: readonly Answer[], scale: string): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  return [
    `# Answers of the experiments, at the scale "${scale}"`,
    "",
    "Written by `deno task experiments` from the records of the runs.",
    "",
    "| problem | answer |",
    "| --- | --- |",
    ...answers.map(({ problem, verdict: [first] }) =>
      `| [${problem}](${problem}/${scale}/answer.md) | ${cell(first)} |`
    ),
    "",
    "Under what circumstances each came about, down to the command, stands at its end.",
    "",
  ].join("\n");
}
