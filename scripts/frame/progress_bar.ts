import type { Progress } from "../../lib/data/progress.ts";
import { formatAmount, formatBytes, formatNumber, formatTimeLeft } from "../../lib/data/amounts.ts";
import { terminalColumns } from "./terminal_columns.ts";
import { writeToStderr } from "./write_text.ts";

const redrawMilliseconds = 100;

/**
 * Draws progress on one line of a terminal and wipes it when the phase ends. Where stderr is no terminal it is silent.
 */
export class ProgressBar {
  readonly #visible: boolean;
  #phase = "";
  #phaseStart = 0;
  #lastDraw = 0;
  #drawn = false;

  /** @param visible Whether to draw at all: stderr is a terminal and nobody asked for silence. */
  constructor(visible: boolean) {
    this.#visible = visible;
  }

  /** Takes note of progress; draws at most ten times a second. */
  update(progress: Progress): void {
    if (!this.#visible) return;
    const now = performance.now();
    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase;
      this.#phaseStart = now;
      this.#lastDraw = 0;
    }
    if (now - this.#lastDraw < redrawMilliseconds) return;
    this.#lastDraw = now;
    writeToStderr(
      `\r\x1b[2K${progressLine(progress, (now - this.#phaseStart) / 1000, terminalColumns(Deno.stderr) ?? 80)}`,
    );
    this.#drawn = true;
  }

  /** Wipes the line, so that ordinary text can follow. */
  clear(): void {
    if (this.#drawn) writeToStderr("\r\x1b[2K");
    this.#drawn = false;
  }
}

/**
 * One line that says how far a phase is: bar, share, amount, detail, rate and the time that is left. Where the terminal
 * is too narrow for all of it, the bar gets shorter, the amount goes, since the share says that too, then the rate and
 * the detail.
 */
export function progressLine(progress: Progress, seconds: number, width: number): string {
  const room = Math.max(20, width - 1);
  const lines = shapes.map((shape) => lineOf(progress, seconds, shape));
  return (lines.find((line) => line.length <= room) ?? lines[lines.length - 1]).slice(0, room);
}

/** What a line shows beside phase, share and time. */
interface Shape {
  /** Characters of the bar. */
  bar: number;
  amount: boolean;
  rate: boolean;
  detail: boolean;
}

const shapes: readonly Shape[] = [
  { bar: 24, amount: true, rate: true, detail: true },
  { bar: 12, amount: true, rate: true, detail: true },
  { bar: 12, amount: false, rate: true, detail: true },
  { bar: 0, amount: false, rate: true, detail: true },
  { bar: 0, amount: false, rate: false, detail: true },
  { bar: 0, amount: false, rate: false, detail: false },
];

function lineOf({ phase, done, total, unit, detail }: Progress, seconds: number, shape: Shape): string {
  const { bar, amount } = shape;
  const share = total !== undefined && total > 0 ? Math.min(1, done / total) : undefined;
  const rate = seconds > 1 ? done / seconds : 0;
  const parts: (string | undefined)[] = [phase];
  if (share === undefined) parts.push(formatAmount(done, unit));
  else {
    const filled = Math.round(share * bar);
    parts.push("█".repeat(filled) + "░".repeat(bar - filled) + (bar > 0 ? " " : "") + `${Math.floor(share * 100)} %`);
    if (amount) {
      parts.push(`${unit === "bytes" ? formatBytes(done) : formatNumber(done, 0)} of ${formatAmount(total!, unit)}`);
    }
  }
  if (shape.detail) parts.push(detail);
  if (rate > 0 && shape.rate) parts.push(`${formatAmount(rate, unit)}/s`);
  if (rate > 0 && share !== undefined) parts.push(formatTimeLeft((total! - done) / rate));
  return parts.filter((part) => part !== undefined).join("  ");
}
