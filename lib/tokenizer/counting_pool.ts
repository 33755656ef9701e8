import type { FromCountWorker, ToCountWorker } from "./count_worker.ts";
import { bytesOf, type CountingJob, JobCounter } from "./counting_job.ts";
import { PretokenCounts, type PretokenCountsParts } from "./pretoken_counts.ts";

/** Jobs that a Worker may have: one under way, others waiting while the calling thread is busy with one of its own. */
const JOBS_PER_WORKER = 3;
/** Jobs that are done before a Worker would have started. */
const JOBS_WITHOUT_WORKERS = 2;

/** Options of {@linkcode CountingPool}. */
export interface CountingPoolOptions {
  /** Threads that count: the calling one and, when there are more than a few jobs, Workers. */
  workers: number;
  /** The borders that no pre-token crosses. */
  specialTokens: readonly string[];
  /** Called after each job with its bytes. */
  onCounted: (bytes: number) => void;
  /** Ends the counting: what is being waited for is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Counts jobs in this thread and in Workers, and adds up their tables. A failure anywhere rejects the call under way
 * and every later one; disposing the pool ends all Workers.
 */
export class CountingPool implements Disposable {
  readonly #options: CountingPoolOptions;
  readonly #here: JobCounter;
  readonly #threads: Thread[] = [];
  readonly #onAbort = () => this.#fail(this.#options.signal!.reason);
  #jobs = 0;
  #failure: { error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  /** Starts no Worker yet. */
  constructor(options: CountingPoolOptions) {
    this.#options = options;
    this.#here = new JobCounter(options.specialTokens);
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Takes a job: hands it to a Worker that has little to do, or else counts it. A block's memory is transferred. */
  async submit(job: CountingJob): Promise<void> {
    this.#throwIfFailed();
    if (this.#jobs++ === JOBS_WITHOUT_WORKERS) this.#startThreads();
    const thread = this.#threads.find((thread) => thread.jobs < JOBS_PER_WORKER);
    if (thread === undefined) return await this.#runHere(job);
    thread.jobs++;
    post(thread, job, job.kind === "block" ? [job.bytes.buffer] : []);
  }

  /** Waits for all jobs and gives the counts of all of them. The pool takes no further jobs. */
  async finish(): Promise<PretokenCounts> {
    this.#throwIfFailed();
    for (const thread of this.#threads) post(thread, { kind: "finish" });
    await this.#until(() => this.#threads.every((thread) => thread.table !== undefined));
    const tables = this.#threads.map((thread) => new PretokenCounts(thread.table));
    const [all, ...others] = [this.#here.counts, ...tables].sort((a, b) => b.size - a.size);
    for (const other of others) all.addAll(other);
    return all;
  }

  /** Ends all Workers, whatever they are doing. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#threads) worker.terminate();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  async #runHere(job: CountingJob): Promise<void> {
    this.#here.run(job);
    this.#options.onCounted(bytesOf(job));
    // Lets messages, timers and signals have their turn between two jobs.
    await new Promise((resolve) => setTimeout(resolve));
    this.#throwIfFailed();
  }

  #startThreads(): void {
    for (let index = 0; index < this.#options.workers - 1; index++) {
      const worker = new Worker(new URL("./count_worker.ts", import.meta.url), { type: "module" });
      const thread: Thread = { worker, jobs: 0, table: undefined };
      worker.onmessage = (event: MessageEvent<FromCountWorker>) => this.#onMessage(thread, event.data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(new Error(`Cannot count pre-tokens: a worker failed: ${event.message}`));
      };
      this.#threads.push(thread);
      post(thread, { kind: "start", specialTokens: this.#options.specialTokens });
    }
  }

  #onMessage(thread: Thread, message: FromCountWorker): void {
    if (message.kind === "failed") return this.#fail(message.error);
    if (message.kind === "counted") {
      thread.jobs--;
      this.#options.onCounted(message.bytes);
    } else {
      thread.table = message.parts;
    }
    this.#wake();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #until(isSo: () => boolean): Promise<void> {
    this.#throwIfFailed();
    while (!isSo()) {
      await this.#changed.promise;
      this.#throwIfFailed();
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

interface Thread {
  readonly worker: Worker;
  /** Jobs sent and not yet counted. */
  jobs: number;
  table: PretokenCountsParts | undefined;
}

function post(thread: Thread, message: ToCountWorker, transfer: Transferable[] = []): void {
  thread.worker.postMessage(message, transfer);
}
