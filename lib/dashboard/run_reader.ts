import { readMetrics } from "../training/metrics.ts";
import type { Sample } from "../training/run_samples.ts";
import { readSessions, type RunSession } from "../training/run_sessions.ts";
import type { ReadOnlyFolder } from "./read_only_folder.ts";
import { type RunState, runState, type RunTraces } from "./run_state.ts";

/** A run as its folder tells of it. */
export interface Run extends RunTraces {
  /** Path of its folder from the folder of runs: "baseline", "experiments/no_pos_emb-3f2a". */
  name: string;
  state: RunState;
  /** The processes that worked on it, oldest first. */
  sessions: readonly RunSession[];
  /** When its metrics last grew. */
  changed: Date;
  /** What could not be read, for people. */
  problems: readonly string[];
}

type RunFiles = RunTraces & Pick<Run, "sessions" | "problems">;

const MOST_JSON_BYTES = 1 << 20;
const MOST_SAMPLE_BYTES = 1 << 14;
const FIRST_CHECKPOINT = "checkpoints/step-00000000.safetensors";
const SAMPLE_NAME = /^step-(\d+)\.txt$/;

/** Finds the runs in a folder and reads them; a run's files are read again only after they have changed. */
export class RunReader {
  readonly #folder: ReadOnlyFolder;
  readonly #read = new Map<string, { version: string; files: RunFiles }>();

  /** @param folder Where the runs are. */
  constructor(folder: ReadOnlyFolder) {
    this.#folder = folder;
  }

  /** Names of all runs: folders with config.json and metrics.jsonl, as training leaves them. */
  names(): string[] {
    return [...this.#folder.folders()]
      .filter(({ name, files }) => name !== "" && files.has("config.json") && files.has("metrics.jsonl"))
      .map(({ name }) => name);
  }

  /** Reads a run of {@linkcode names}. */
  read(name: string): Run {
    const version = this.#version(name);
    let known = this.#read.get(name);
    if (known?.version !== version) this.#read.set(name, known = { version, files: this.#readFiles(name) });
    const changed = this.#folder.stat(`${name}/metrics.jsonl`)?.mtime ?? new Date(0);
    const { files } = known;
    return { name, state: runState(files, this.#isLocked(name)), changed, ...files };
  }

  /** What the model wrote while it learned, newest first. */
  samples(name: string, most: number): Sample[] {
    const folder = `${name}/samples`;
    const [entry] = this.#folder.folders(folder);
    return [...entry.files].map((file) => SAMPLE_NAME.exec(file)).filter((match) => match !== null)
      .map((match) => ({ step: Number(match[1]), file: match[0] })).sort((a, b) => b.step - a.step).slice(0, most)
      .flatMap(({ step, file }) => this.#sample(step, `${folder}/${file}`));
  }

  // One that was listed may be gone, moved or removed with its run.
  #sample(step: number, path: string): Sample[] {
    try {
      return [{ step, text: this.#folder.readText(path, MOST_SAMPLE_BYTES) }];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  /** A text that changes whenever what there is to show of a run does. */
  stamp(name: string): string {
    const samples = this.#folder.stat(`${name}/samples`)?.mtime?.getTime();
    return `${name} ${this.#version(name)} ${samples} ${this.#isLocked(name)}`;
  }

  #readFiles(name: string): RunFiles {
    const problems: string[] = [];
    const attempt = <T>(read: () => T): T | undefined => {
      try {
        return read();
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    };
    const config = attempt(() => this.#readJson(`${name}/config.json`));
    const metrics = attempt(() => readMetrics(this.#folder.locate(`${name}/metrics.jsonl`) ?? "")) ?? [];
    const sessions = attempt(() => this.#readSessions(name)) ?? [];
    const outcome = this.#folder.locate(`${name}/outcome.json`) &&
      attempt(() => this.#readJson(`${name}/outcome.json`));
    // Training says in sessions.jsonl that it begins, and measures before its first checkpoint.
    const isImported = sessions.length === 0 && metrics.length === 0 &&
      this.#folder.locate(`${name}/${FIRST_CHECKPOINT}`) !== undefined;
    return { config, metrics, outcome, isImported, sessions, problems };
  }

  #readJson(path: string): unknown {
    const text = this.#folder.readText(path, MOST_JSON_BYTES);
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`Cannot read ${path}: it is no JSON; restore the file`);
    }
  }

  // Runs of earlier versions have no such file; where it is a link that leads outside, the run has not got it either.
  #readSessions(name: string): RunSession[] {
    return this.#folder.locate(`${name}/sessions.jsonl`) === undefined ? [] : readSessions(this.#folder.locate(name)!);
  }

  #version(name: string): string {
    return ["config.json", "metrics.jsonl", "sessions.jsonl", "outcome.json"].map((file) => {
      const info = this.#folder.stat(`${name}/${file}`);
      return `${info?.mtime?.getTime()} ${info?.size} ${info?.ino}`;
    }).join(" ");
  }

  // A training process locks its folder and the lock ends with it, however it ends. Whoever gets it, shared and for the
  // blink of an eye, knows that nobody trains.
  #isLocked(name: string): boolean {
    using lock = this.#folder.open(`${name}/.lock`);
    return lock !== undefined && !lock.tryLockSync(false);
  }
}
