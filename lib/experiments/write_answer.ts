import { atomicWriteAll } from "../data/atomic_write.ts";
import type { Answer } from "./answer.ts";
import { answerMarkdown } from "./answer_markdown.ts";
import { answerPage } from "./answer_page.ts";

/**
 * Writes an answer to a folder, made if it does not exist: answer.md with its charts as SVG files beside it, index.html
 * with everything in one page, and answer.json for programs.
 *
 * @returns The files' names.
 */
export function writeAnswer(folder: string, answer: Answer): string[] {
  Deno.mkdirSync(folder, { recursive: true });
  const { charts, ...rest } = answer;
  const json = { ...rest, charts: charts.map(({ name, caption }) => ({ file: `${name}.svg`, caption })) };
  const files = {
    "answer.md": answerMarkdown(answer),
    "answer.json": JSON.stringify(json, undefined, 2) + "\n",
    "index.html": answerPage(answer),
    ...Object.fromEntries(charts.map(({ name, svg }) => [`${name}.svg`, svg])),
  };
  atomicWriteAll(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
  return Object.keys(files);
}
