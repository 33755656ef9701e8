import { figure, htmlTable, htmlText } from "../plot/html_blocks.ts";
import { htmlPage } from "../plot/html_page.ts";
import { markup } from "../plot/markup.ts";
import { type Answer, cellText } from "./answer.ts";

/** An answer as one self-contained HTML page. */
export function answerPage(answer: Answer): string {
  const { problem, title, question, verdict, tables, charts, samples, circumstances } = answer;
  return htmlPage({
    title: `${title} (${problem})`,
    summary: question,
    sections: [
      { heading: "Answer", content: verdict.map((paragraph) => markup`<p>${paragraph}</p>`) },
      ...tables.map(({ title, note, columns, rows }) => ({
        heading: title,
        content: [note === undefined ? "" : markup`<p>${note}</p>`, htmlTable({ columns, rows, format: cellText })],
      })),
      ...(charts.length > 0
        ? [{ heading: "Curves", content: charts.map(({ svg, caption }) => figure(svg, caption)) }]
        : []),
      ...(samples.length > 0
        ? [{
          heading: "What the models write",
          content: samples.map(({ name, text }) => markup`<h3>${name}</h3>${htmlText(text)}`),
        }]
        : []),
      { heading: "Circumstances", content: htmlTable({ rows: circumstances }) },
    ],
  });
}
