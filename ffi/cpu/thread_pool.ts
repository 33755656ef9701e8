import { type CompiledKernels, instantiateKernels, type Kernels, MAX_ARGUMENTS } from "./kernels.ts";
import type { HeapBlock, SharedHeap } from "./shared_heap.ts";
import { WorkQueue } from "./work_queue.ts";
import type { WorkerStart } from "./worker.ts";

const FIRST_SCRATCH_BYTES = 1 << 18;

// How long nothing is computed before the Workers end.
const IDLE_MILLISECONDS = 1000;

/**
 * The main thread and its Workers, running kernels on one shared memory. Workers start with the first command that has
 * more than one chunk (a Worker takes some 30 ms to make, and a script may never need one) and join whenever they are
 * ready: nothing waits for a Worker that has not taken a chunk. With one thread there are none.
 *
 * A Worker keeps the program from ending, so that one which forgets to dispose of its device would hang. Workers that
 * have had nothing to do for a second end, therefore, and the next command starts others.
 */
export class ThreadPool implements Disposable {
  /** Threads that compute, the calling one included. */
  readonly threads: number;
  readonly #heap: SharedHeap;
  readonly #module: WebAssembly.Module;
  readonly #kernels: Kernels;
  readonly #queue: WorkQueue;
  #workers: Worker[] = [];
  // Told to end, and maybe not gone yet.
  #leaving: Worker[] = [];
  #idleTimer: ReturnType<typeof setInterval> | undefined;
  readonly #idleMilliseconds: number;
  #isUsed = false;
  #ended = false;
  #recorded: (() => void)[] | undefined;
  #scratch: HeapBlock;
  #scratchBytes = FIRST_SCRATCH_BYTES;

  /**
   * Starts no Worker yet.
   *
   * @param idleMilliseconds How long Workers stay that have nothing to do; they end within twice that time.
   */
  constructor(
    heap: SharedHeap,
    { module }: CompiledKernels,
    threads: number,
    idleMilliseconds: number = IDLE_MILLISECONDS,
  ) {
    this.threads = threads;
    this.#idleMilliseconds = idleMilliseconds;
    this.#heap = heap;
    this.#module = module;
    this.#kernels = instantiateKernels(module, heap.memory);
    this.#queue = new WorkQueue(heap.memory, module, this.#kernels);
    this.#scratch = heap.take(this.#scratchBytes * threads);
    this.#queue.setScratch(this.#scratch.address, this.#scratchBytes);
  }

  /** Workers that there are now. */
  get workers(): number {
    return this.#workers.length;
  }

  /** Makes sure that each thread has that much scratch memory for the kernels that follow. */
  needScratch(bytes: number): void {
    if (bytes <= this.#scratchBytes) return;
    const perThread = Math.ceil(bytes / 4096) * 4096;
    const scratch = this.#heap.take(perThread * this.threads);
    this.#heap.give(this.#scratch);
    this.#scratch = scratch;
    this.#scratchBytes = perThread;
    this.#queue.setScratch(this.#scratch.address, this.#scratchBytes);
  }

  /**
   * Runs a kernel over items 0 to items - 1, in chunks of `itemsPerChunk`, and returns when all are done.
   *
   * @param values The kernel's arguments after first, last and scratch.
   */
  run(kernel: string, items: number, itemsPerChunk: number, ...values: number[]): void {
    if (this.#recorded === undefined) this.#run(kernel, items, itemsPerChunk, values);
    else this.#recorded.push(() => this.#run(kernel, items, itemsPerChunk, values));
  }

  /** Does a piece of an operation: at once, or, while work is recorded, whenever it is replayed. */
  perform(work: () => void): void {
    if (this.#recorded === undefined) work();
    else this.#recorded.push(work);
  }

  /** The pieces of which `work` is made, in order, without doing any. */
  record(work: () => void): (() => void)[] {
    const recorded: (() => void)[] = [];
    this.#recorded = recorded;
    try {
      work();
    } finally {
      this.#recorded = undefined;
    }
    return recorded;
  }

  #run(kernel: string, items: number, itemsPerChunk: number, values: readonly number[]): void {
    // Workers that started now would outlive the device.
    if (this.#ended) throw new Error(`Cannot run ${kernel}: the device is disposed of; open another`);
    if (items <= itemsPerChunk || this.threads === 1) {
      this.#kernels[kernel](0, items, this.#scratch.address, ...values);
      return;
    }
    if (values.length > MAX_ARGUMENTS) {
      throw new RangeError(`Cannot run ${kernel}: it has ${values.length} arguments; at most ${MAX_ARGUMENTS} fit`);
    }
    this.#isUsed = true;
    if (this.#workers.length === 0) this.#start();
    this.#queue.run(kernel, items, itemsPerChunk, values);
  }

  /** A plain function of the kernels' module: what a kernel needs, as the kernel's source says it. */
  call(name: string, ...values: number[]): number {
    return (this.#kernels as unknown as Record<string, (...values: number[]) => number>)[name](...values) >>> 0;
  }

  /** Ends the Workers. */
  [Symbol.dispose](): void {
    this.#ended = true;
    this.#sendAway();
    for (const worker of this.#leaving) worker.terminate();
    this.#leaving = [];
  }

  // Workers end by themselves when the queue tells them to; one that was terminated on the way out would be counted
  // among those that serve for ever.
  #sendAway(): void {
    clearInterval(this.#idleTimer);
    this.#queue.end();
    this.#leaving.push(...this.#workers);
    this.#workers = [];
  }

  #start(): void {
    const generation = this.#queue.begin();
    this.#leaving = [];
    this.#idleTimer = setInterval(() => {
      if (!this.#isUsed) this.#sendAway();
      this.#isUsed = false;
    }, this.#idleMilliseconds);
    for (let thread = 1; thread < this.threads; thread++) {
      const worker = new Worker(new URL("./worker.ts", import.meta.url).href, {
        type: "module",
        name: `cpu ${thread}`,
      });
      const start: WorkerStart = { memory: this.#heap.memory, module: this.#module, thread, generation };
      worker.postMessage(start);
      this.#workers.push(worker);
    }
  }
}
