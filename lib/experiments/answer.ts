import { formatNumber } from "../data/amounts.ts";

/** A value in a table: numbers are shown with four decimals at most. */
export type Cell = string | number | undefined;

/** A table of an answer. */
export interface AnswerTable {
  title: string;
  /** How it is to be read. */
  note?: string;
  columns: string[];
  rows: Cell[][];
}

/** A chart of an answer. */
export interface AnswerChart {
  /** Name of its file, without .svg. */
  name: string;
  /** What is to be seen. */
  caption: string;
  /** An SVG document. */
  svg: string;
}

/** A text that a model wrote. */
export interface AnswerSample {
  /** Which model. */
  name: string;
  text: string;
}

/** A run behind an answer. */
export interface AnswerRun {
  variant: string;
  seed: number;
  folder: string;
  state: "finished" | "diverged";
  steps: number;
  tokens: number;
  seconds: number;
  /** Nats per token at the end; none of a run that diverged before it was evaluated. */
  validation_loss?: number;
  bits_per_byte?: number;
}

/** What a problem's own reasoning reads off the results. */
export interface Conclusion {
  /** The answer in short sentences, a paragraph each, computed from the runs. */
  verdict: string[];
  /** Tables besides that of all variants. */
  tables?: AnswerTable[];
  /** Charts besides the learning curves. */
  charts?: AnswerChart[];
  /** Texts that models wrote. */
  samples?: AnswerSample[];
  /** Names of variants to draw, where all of them would be too many; all if left out. */
  drawn?: string[];
}

/** A problem's whole answer, however it is shown. */
export interface Answer {
  /** The problem's name in the handout. */
  problem: string;
  title: string;
  question: string;
  /** Paragraphs. */
  verdict: string[];
  tables: AnswerTable[];
  charts: AnswerChart[];
  samples: AnswerSample[];
  /** The runs that it is read off, for programs. */
  runs: AnswerRun[];
  /** Under what circumstances: text, scale, machine, time, command. */
  circumstances: [name: string, value: string][];
}

/** A cell as people read it. */
export function cellText(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return cell;
  if (Number.isInteger(cell)) return formatNumber(cell);
  return Math.abs(cell) >= 0.01 ? cell.toFixed(4) : cell.toPrecision(3);
}
