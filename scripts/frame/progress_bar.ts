import type { Progress } from "../../lib/data/progress.ts";
import { formatAmount, formatSeconds } from "../../lib/data/amounts.ts";

const redrawMilliseconds = 100;
const barWidth = 24;

/**
 * Draws progress on one line of a terminal and wipes it when the phase ends. Where stderr is no terminal it is silent.
 */
export class ProgressBar {
  readonly #visible: boolean;
  readonly #encoder = new TextEncoder();
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
    this.#write(`\r\x1b[2K${progressLine(progress, (now - this.#phaseStart) / 1000, columns())}`);
    this.#drawn = true;
  }

  /** Wipes the line, so that ordinary text can follow. */
  clear(): void {
    if (this.#drawn) this.#write("\r\x1b[2K");
    this.#drawn = false;
  }

  #write(text: string): void {
    Deno.stderr.writeSync(this.#encoder.encode(text));
  }
}

/** One line that says how far a phase is: bar, share, amount, rate and the time that is left. */
export function progressLine(progress: Progress, seconds: number, width: number): string {
  const { phase, done, total, unit } = progress;
  const rate = seconds > 0 ? done / seconds : 0;
  const parts = [phase];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    const filled = Math.round(share * barWidth);
    parts.push(`${"█".repeat(filled)}${"░".repeat(barWidth - filled)} ${Math.floor(share * 100)} %`);
    parts.push(`${formatAmount(done, unit)} of ${formatAmount(total, unit)}`);
    if (rate > 0 && seconds > 1) {
      parts.push(`${formatAmount(rate, unit)}/s`, `${formatSeconds((total - done) / rate)} left`);
    }
  } else {
    parts.push(formatAmount(done, unit));
    if (rate > 0 && seconds > 1) parts.push(`${formatAmount(rate, unit)}/s`);
  }
  return parts.join("  ").slice(0, Math.max(20, width - 1));
}

function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
