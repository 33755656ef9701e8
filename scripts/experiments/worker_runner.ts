import type { Ending } from "../../lib/experiments/perform_run.ts";
import type { PlannedRun } from "../../lib/experiments/plan.ts";
import type { PreparedText } from "../../lib/experiments/prepared_text.ts";
import type { Runner } from "../../lib/experiments/share_work.ts";
import type { DeviceName } from "../../mod.ts";
import type { Order, Word } from "./run_worker.ts";

/** How a Worker computes, and who hears of it. */
export interface WorkerOptions {
  device: DeviceName;
  threads: number;
  /** The command line that started all this. */
  command: string;
  /** The prepared text of a run. */
  textOf(run: PlannedRun): PreparedText;
  /** Once aborted, the run at hand is saved and left. */
  signal: AbortSignal;
  /** Hears how many tokens of the run at hand are done. */
  onProgress: (run: PlannedRun, tokens: number) => void;
}

/** A Worker with a device of its own, which performs one run after the other. */
export class WorkerRunner implements Runner, Disposable {
  readonly #worker = new Worker(new URL("./run_worker.ts", import.meta.url), { type: "module" });
  readonly #options: WorkerOptions;
  readonly #stop = () => this.#tell({ kind: "stop" });

  /** Starts the Worker. */
  constructor(options: WorkerOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.#stop);
  }

  /** Has the Worker perform a run. */
  perform(run: PlannedRun): Promise<Ending> {
    const { device, threads, command, textOf, onProgress } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Ending>();
    this.#worker.onmessage = ({ data: word }: MessageEvent<Word>) => {
      if (word.kind === "progress") onProgress(run, word.tokens);
      else if (word.kind === "ended") resolve(word.ending);
      else reject(new Error(`The run in ${run.folder} failed: ${word.message}`));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`The run in ${run.folder} failed: ${event.message}`));
    };
    this.#tell({
      kind: "perform",
      folder: run.folder,
      config: run.config,
      text: textOf(run),
      device,
      threads,
      command,
    });
    return promise;
  }

  /** Ends the Worker. */
  [Symbol.dispose](): void {
    this.#options.signal.removeEventListener("abort", this.#stop);
    this.#worker.terminate();
  }

  #tell(order: Order): void {
    this.#worker.postMessage(order);
  }
}
