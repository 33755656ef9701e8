import type { Metrics } from "./metrics.ts";
import type { RunSession } from "./run_sessions.ts";
import { TensorboardFile } from "./tensorboard_file.ts";
import { WandbFile } from "./wandb_file.ts";

/** Formats of other tools in which a run's metrics can be kept beside its own. */
export const exportFormats = ["tensorboard", "wandbJsonl"] as const;

/** One of {@linkcode exportFormats}. */
export type ExportFormat = (typeof exportFormats)[number];

/**
 * A run's metrics in the formats of other tools. What they show follows from the run's own record alone: the files are
 * begun anew with each process from the lines that are there, so that a run that was killed and resumed looks as if it
 * had not been.
 */
export class MetricsExport implements Disposable {
  #sessions: readonly RunSession[];
  #files: readonly (TensorboardFile | WandbFile)[];
  #open = new DisposableStack();

  /**
   * Begins the files and writes the lines that the run has.
   *
   * @param folder The run's.
   * @param sessions The run's, that of this process included.
   */
  constructor(
    folder: string,
    formats: readonly ExportFormat[],
    metrics: readonly Metrics[],
    sessions: readonly RunSession[],
  ) {
    using undo = new DisposableStack();
    this.#sessions = sessions;
    this.#files = formats.map((format) =>
      undo.use(
        format === "tensorboard" ? new TensorboardFile(folder, startOf(sessions.at(-1)!)) : new WandbFile(folder),
      )
    );
    for (const line of metrics) this.append(line);
    this.#open = undo.move();
  }

  /** Adds a line of metrics. */
  append(metrics: Metrics): void {
    // A session that began at a step has cut off what earlier ones had measured after it.
    const session = this.#sessions.findLast(({ step }) => step < metrics.step) ?? this.#sessions[0];
    const wallTime = startOf(session) + metrics.seconds - session.seconds;
    for (const file of this.#files) file.append(metrics, wallTime);
  }

  /** Closes the files and removes them: the run has come to nothing. */
  withdraw(): void {
    this.#open[Symbol.dispose]();
    for (const { path } of this.#files) Deno.removeSync(path);
  }

  /** Completes the files and closes them. */
  [Symbol.dispose](): void {
    this.#open[Symbol.dispose]();
  }
}

/** Seconds from 1970 to the beginning of a session. */
function startOf({ started }: RunSession): number {
  return Date.parse(started) / 1000;
}
