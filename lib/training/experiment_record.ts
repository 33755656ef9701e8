import { AppendedFile } from "../data/appended_file.ts";
import { AtomicFile } from "../data/atomic_write.ts";
import { isFile } from "../data/is_file.ts";
import { removeAbandoned } from "../data/temporary_neighbour.ts";
import { type Metrics, readMetrics } from "./metrics.ts";
import { readSessions, type RunSession } from "./run_sessions.ts";

/**
 * A run's folder while a process works on it: config.json, metrics.jsonl, sessions.jsonl, samples/, checkpoints/, and
 * whatever a script puts beside them. Metrics are only ever appended, one system call per line, so that a process
 * killed at any moment costs at most the line it was writing. One process at a time: the folder is locked until
 * disposed of.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readMetrics } from "./metrics.ts";
 * const runs = Deno.makeTempDirSync();
 * {
 *   using record = ExperimentRecord.create(`${runs}/first`, { seed: 1 });
 *   record.append({ step: 10, tokens: 640, seconds: 1.5, loss: 4.2 });
 * }
 * assertEquals(readMetrics(`${runs}/first/metrics.jsonl`), [{ step: 10, tokens: 640, seconds: 1.5, loss: 4.2 }]);
 * Deno.removeSync(runs, { recursive: true });
 * ```
 */
export class ExperimentRecord implements Disposable {
  /** The run's folder. */
  readonly folder: string;
  #lock: Deno.FsFile;
  #metrics: AppendedFile;

  /**
   * Takes over a folder that is locked; see {@linkcode ExperimentRecord.create} and {@linkcode
   * ExperimentRecord.resume}.
   */
  private constructor(folder: string, lock: Deno.FsFile) {
    this.folder = folder;
    this.#lock = lock;
    for (const part of ["", "/samples", "/checkpoints"]) removeAbandoned(folder + part);
    this.#metrics = new AppendedFile(this.metricsPath);
  }

  /**
   * Begins a new run.
   *
   * @param folder Made if it does not exist, with the folders above.
   * @param config What the run is to be repeated from; written to config.json.
   * @throws {Error} If the folder holds a run already, or another process works on it.
   */
  static create(folder: string, config: unknown): ExperimentRecord {
    refuseRun(folder);
    for (const name of ["samples", "checkpoints"]) Deno.mkdirSync(`${folder}/${name}`, { recursive: true });
    using undo = new DisposableStack();
    const lock = undo.use(lockFolder(folder));
    refuseRun(folder); // Another process may have begun, and even ended, one since.
    const record = new ExperimentRecord(folder, lock);
    undo.use(record.#metrics);
    // Written last: a folder with config.json is a run.
    record.writeConfig(config);
    undo.move();
    return record;
  }

  /**
   * Takes up a run that ended or was killed; files that it left half-written are removed.
   *
   * @throws {Error} If the folder holds no run, or another process works on it.
   */
  static resume(folder: string): ExperimentRecord {
    if (!holdsRun(folder)) {
      throw new Error(`Cannot resume ${folder}: it holds no run (no config.json); leave out --resume to start one`);
    }
    using undo = new DisposableStack();
    const lock = undo.use(lockFolder(folder));
    const record = new ExperimentRecord(folder, lock);
    undo.move();
    return record;
  }

  /** Where the metrics are. */
  get metricsPath(): string {
    return `${this.folder}/metrics.jsonl`;
  }

  /** Where the checkpoints are. */
  get checkpointFolder(): string {
    return `${this.folder}/checkpoints`;
  }

  /** Writes config.json: at the beginning, and where a resumed run was given other settings. */
  writeConfig(config: unknown): void {
    replaceFile(`${this.folder}/config.json`, JSON.stringify(config, undefined, 2) + "\n");
  }

  /** Notes that this process works on the run from here on, in sessions.jsonl. */
  beginSession(session: RunSession): void {
    const sessions = [...readSessions(this.folder), session];
    replaceFile(`${this.folder}/sessions.jsonl`, sessions.map((one) => JSON.stringify(one) + "\n").join(""));
  }

  /**
   * Adds a line of metrics, whole or not at all.
   *
   * @throws {DiskFullError} If there is no room.
   */
  append(metrics: Metrics): void {
    this.#metrics.append(new TextEncoder().encode(JSON.stringify(metrics) + "\n"));
  }

  /** Has the metrics on disk before a checkpoint that stands on them. */
  sync(): void {
    this.#metrics.sync();
  }

  /**
   * Keeps the metrics up to a step, the one that training goes on from; later ones and an unfinished line are cut off.
   *
   * @param isToBeEvaluated Whether the step's evaluation is to be cut off too, since it is repeated.
   */
  cutAfter(step: number, isToBeEvaluated = false): void {
    const kept = readMetrics(this.metricsPath).filter((metrics) =>
      metrics.step < step || metrics.step === step && !(isToBeEvaluated && metrics.validation_loss !== undefined)
    );
    replaceFile(this.metricsPath, kept.map((metrics) => JSON.stringify(metrics) + "\n").join(""));
    this.#metrics[Symbol.dispose]();
    this.#metrics = new AppendedFile(this.metricsPath);
  }

  /** Writes text that the model generated to samples/step-N.txt. */
  writeSample(step: number, text: string): void {
    replaceFile(`${this.folder}/samples/step-${String(step).padStart(8, "0")}.txt`, text + "\n");
  }

  /** Takes a run back that was created and has done nothing: its folder holds no run any more. */
  withdraw(): void {
    for (const name of ["config.json", "sessions.jsonl", "metrics.jsonl", "samples", "checkpoints", ".lock"]) {
      try {
        Deno.removeSync(`${this.folder}/${name}`);
      } catch {
        // Not there, or a folder that something else has put files into.
      }
    }
  }

  /** Closes the files and unlocks the folder. */
  [Symbol.dispose](): void {
    this.#metrics[Symbol.dispose]();
    this.#lock.close();
  }
}

/** Whether a folder holds a run: it does once config.json is there. */
export function holdsRun(folder: string): boolean {
  return isFile(`${folder}/config.json`);
}

function refuseRun(folder: string): void {
  if (!holdsRun(folder)) return;
  throw new Error(
    `Cannot start a run in ${folder}: it holds one already; continue that with --resume, or give another name`,
  );
}

const LOCK_ATTEMPTS = 20;
const LOCK_PAUSE_MILLISECONDS = 10;

// The lock belongs to the open file, so it ends with the process however that ends.
function lockFolder(folder: string): Deno.FsFile {
  const lock = Deno.openSync(`${folder}/.lock`, { create: true, write: true });
  // The dashboard takes it for an instant to see whether anybody has it, which is not to count.
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    if (attempt > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MILLISECONDS);
    if (lock.tryLockSync(true)) return lock;
  }
  lock.close();
  throw new Error(`Cannot train in ${folder}: another process works on this run; wait for it, or give another name`);
}

function replaceFile(path: string, text: string): void {
  using file = new AtomicFile(path);
  file.write(new TextEncoder().encode(text));
  file.commit();
}
