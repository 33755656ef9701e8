import { AppendedFile } from "../data/appended_file.ts";
import { metricScalars } from "./metric_scalars.ts";
import type { Metrics } from "./metrics.ts";

/**
 * A run's metrics as the history of Weights & Biases: wandb-history.jsonl in its folder, one row of JSON for each step
 * at which something was measured, with `_step`, `_runtime` (seconds) and `_timestamp` (seconds since 1970). A step's
 * row is written when the next one begins, since training and evaluation measure at the same step.
 */
export class WandbFile implements Disposable {
  #file: AppendedFile;
  #row: Record<string, number> | undefined;

  /**
   * Begins the file in place of an earlier one.
   *
   * @param folder The run's.
   */
  constructor(folder: string) {
    const path = `${folder}/wandb-history.jsonl`;
    Deno.writeFileSync(path, new Uint8Array(0));
    this.#file = new AppendedFile(path);
  }

  /** Where the file is. */
  get path(): string {
    return this.#file.path;
  }

  /** Adds a line of metrics, measured at a time (seconds since 1970). */
  append(metrics: Metrics, wallTime: number): void {
    const { step, tokens, seconds } = metrics;
    if (this.#row?._step !== step) this.#writeRow();
    this.#row = {
      ...this.#row,
      ...{ _step: step, _runtime: seconds, _timestamp: wallTime, tokens },
      ...metricScalars(metrics),
    };
  }

  /** Writes the last row and closes the file. */
  [Symbol.dispose](): void {
    using _file = this.#file;
    this.#writeRow();
  }

  #writeRow(): void {
    if (!this.#row) return;
    // JSON has no number for what is not finite; the tool writes these words.
    const text = JSON.stringify(this.#row, (_, value) => Number.isNaN(value) ? "NaN" : value);
    this.#row = undefined;
    this.#file.append(new TextEncoder().encode(text + "\n"));
  }
}
