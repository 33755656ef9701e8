import type { OnProgress } from "../../lib/data/progress.ts";
import { formatSeconds } from "../../lib/data/amounts.ts";
import { alignTable, show, type Value } from "./align_table.ts";
import { ProgressBar } from "./progress_bar.ts";
import { NoReaderError } from "./write_text.ts";

/** One published figure beside our own. */
export interface Comparison {
  published: Value;
  ours: Value;
  /** A word or a sentence on whether and why they differ: "agrees", "another corpus". */
  verdict?: string;
}

/** Where a report goes; tests replace it. */
export interface Output {
  /** @throws {NoReaderError} If nobody reads it any more. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** Whether stderr is a terminal: a progress bar is drawn there, and who closes it means to stop the task. */
  atTerminal: boolean;
  /** Columns of the terminal that stdout is, if it is one. */
  columns?: number;
}

/**
 * What a task says while it runs and at its end: text for people as it comes, or, with `--json`, one JSON object when
 * it is done. Everything given here appears in both.
 */
export class Report {
  /** Whether it is one JSON object at the end instead of text. */
  readonly isJson: boolean;
  readonly #output: Output;
  readonly #bar: ProgressBar;
  readonly #start = performance.now();
  readonly #results: Record<string, unknown> = {};
  readonly #comparisons: Record<string, Comparison> = {};
  readonly #tables: Record<string, { columns: readonly string[]; rows: readonly (readonly Value[])[] }> = {};
  readonly #notes: string[] = [];
  #finished = false;
  #interrupt?: AbortController;
  #stopListening = () => {};

  /** @param json Whether to print one JSON object at the end instead of text. */
  constructor(json: boolean, output: Output) {
    this.isJson = json;
    this.#output = output;
    this.#bar = new ProgressBar(output.atTerminal);
  }

  /** Draws progress on a terminal; give it to a library function as `onProgress`. */
  readonly progress: OnProgress = (progress) => this.#bar.update(progress);

  /** Seconds since the task began. */
  seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Says what is going on, to people only. */
  say(text: string): void {
    this.write(text + "\n");
  }

  /** Writes a piece of a text as it comes, to people only. */
  write(text: string): void {
    if (this.isJson) return;
    this.#bar.clear();
    this.#print(text);
  }

  /** One figure of the result: a line for people, a key of `results` in JSON. */
  result(name: string, value: Value, unit = ""): void {
    this.#results[name] = typeof value === "bigint" ? String(value) : value;
    this.say(`${name}: ${show(value)}${unit && ` ${unit}`}`);
  }

  /** A time of the result: "1 min 5 s" for people, seconds in JSON. */
  duration(name: string, seconds: number): void {
    this.#results[name] = seconds;
    this.say(`${name}: ${formatSeconds(seconds)}`);
  }

  /** Structured data for JSON readers; people get it from `say()` or `table()`. */
  data(name: string, value: unknown): void {
    this.#results[name] = value;
  }

  /** Something that the reader must know to judge the figures; printed, and kept in `notes` of the JSON. */
  note(text: string): void {
    this.#notes.push(text);
    this.say(`Note: ${text}`);
  }

  /** A table with a title: aligned text for people, `tables` in JSON. */
  table(title: string, columns: readonly string[], rows: readonly (readonly Value[])[]): void {
    this.#tables[title] = { columns, rows };
    this.say(`\n${title}\n${this.align(columns, rows)}`);
  }

  /** Rows as columns of text that fit the terminal, as far as they can. */
  align(columns: readonly string[], rows: readonly (readonly Value[])[]): string {
    return alignTable(columns, rows, this.#output.columns);
  }

  /** A published figure beside ours; all of them are printed together at the end. */
  compare(name: string, comparison: Comparison): void {
    this.#comparisons[name] = comparison;
  }

  // Nobody reads any more: work that can be stopped with all that it has done is, as by Ctrl-C; other work ends here.
  #print(text: string): void {
    try {
      this.#output.stdout(text);
    } catch (error) {
      if (!(error instanceof NoReaderError) || !this.#interrupt) throw error;
      stop(this.#interrupt);
    }
  }

  /**
   * Aborted at the first Ctrl-C or SIGTERM, when the terminal is closed, or when nobody reads the output any more; a
   * second Ctrl-C ends the process at once.
   */
  get signal(): AbortSignal {
    if (!this.#interrupt) {
      const interrupt = this.#interrupt = new AbortController();
      const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];
      const listeners = signals.map((signal) => {
        const listener = () => {
          // A task whose messages go to a file is to go on without its terminal. nohup(1) cannot see to it: Deno
          // listens to the signal that it has programs ignore, and ends at it.
          if (signal === "SIGHUP" && !this.#output.atTerminal) return;
          // A person who asks again is in a hurry. Programs say it twice without meaning more by it: timeout(1) to the
          // task and to its group, a service manager by SIGTERM and SIGHUP.
          if (interrupt.signal.aborted && signal === "SIGINT") Deno.exit(130);
          stop(interrupt);
        };
        Deno.addSignalListener(signal, listener);
        return () => Deno.removeSignalListener(signal, listener);
      });
      this.#stopListening = () => listeners.forEach((remove) => remove());
    }
    return this.#interrupt.signal;
  }

  /**
   * Prints what is left to print, once: the comparisons, or the JSON object. A task that goes on until it is stopped
   * calls this as soon as it has said everything.
   */
  finish(task: string, options: unknown): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#bar.clear();
    const comparisons = Object.entries(this.#comparisons);
    if (this.isJson) {
      const result = {
        task,
        options,
        seconds: this.seconds(),
        results: this.#results,
        ...(comparisons.length > 0 && { comparisons: this.#comparisons }),
        ...(Object.keys(this.#tables).length > 0 && { tables: this.#tables }),
        ...(this.#notes.length > 0 && { notes: this.#notes }),
      };
      this.#print(JSON.stringify(result, (_, value) => typeof value === "bigint" ? String(value) : value, 2) + "\n");
    } else if (comparisons.length > 0) {
      const rows = comparisons.map(([name, { published, ours, verdict }]) => [name, published, ours, verdict ?? ""]);
      this.say(`\n${this.align(["", "published", "ours", ""], rows)}`);
    }
  }

  /** Wipes the progress bar and gives the signals back. */
  close(): void {
    this.#bar.clear();
    this.#stopListening();
    this.#stopListening = () => {};
  }
}

function stop(interrupt: AbortController): void {
  interrupt.abort(new Error("Stopped by a signal."));
}
