import { type Kernel, kernelNames, type Kernels, MAX_ARGUMENTS } from "./kernels.ts";

// The queue lies at the start of the shared memory: a block of 32-bit words, then the arguments as 64-bit floats, which
// hold addresses, sizes and factors exactly alike.
const QUEUE_ADDRESS = 1024;
const ARGUMENTS_ADDRESS = QUEUE_ADDRESS + 64;

/** Where the kernels' constants lie, behind the queue. */
export const CONSTANTS_ADDRESS = 2048;

/** The first byte behind the queue and the constants. */
export const QUEUE_END = 4096;

// Chunks nobody has taken yet; -1 tells workers to end. Workers sleep on it while it is 0.
const REMAINING = 0;
// Chunks that are computed.
const DONE = 1;
// Workers that sleep, or are about to.
const SLEEPERS = 2;
// 1 while the main thread sleeps on DONE.
const MAIN_SLEEPS = 3;
// 1 if a kernel failed on some thread.
const FAILED = 4;
// What the present command is.
const KERNEL = 5;
const CHUNKS = 6;
const ITEMS = 7;
const ITEMS_PER_CHUNK = 8;
// Where scratch memory begins, and how much of it each thread has.
const SCRATCH_ADDRESS = 9;
const SCRATCH_BYTES = 10;
// Workers that serve, and which of those that were ever started may: others come too late.
const SERVING = 11;
const GENERATION = 12;

// How often a thread looks before it sleeps: some tens of microseconds, what lies between two operations of a training
// step.
const LOOKS = 2000;

/**
 * Commands, cut into chunks that threads take as they come: one command at a time, published by the main thread, which
 * computes chunks too. A thread that is late finds nothing left and delays nobody.
 *
 * A chunk is taken by lowering REMAINING, and only then is the command read: the main thread publishes the next command
 * when all chunks are done, so whoever holds a chunk sees the command that it belongs to.
 */
export class WorkQueue {
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  readonly #kernels: readonly Kernel[];
  readonly #numbers: ReadonlyMap<string, number>;

  /** One thread's view of the queue. Memory that is new is all zeros, which is an empty queue. */
  constructor(memory: WebAssembly.Memory, module: WebAssembly.Module, kernels: Kernels) {
    this.#words = new Int32Array(memory.buffer, QUEUE_ADDRESS, 16);
    this.#values = new Float64Array(memory.buffer, ARGUMENTS_ADDRESS, MAX_ARGUMENTS);
    const names = kernelNames(module);
    this.#kernels = names.map((name) => kernels[name]);
    this.#numbers = new Map(names.map((name, number) => [name, number]));
  }

  /** Says where the threads' scratch memory lies. Only between commands. */
  setScratch(address: number, bytesPerThread: number): void {
    // Addresses reach past 2^31: stored as the same 32 bits, read with >>> 0.
    this.#words[SCRATCH_ADDRESS] = address;
    this.#words[SCRATCH_BYTES] = bytesPerThread;
  }

  /** For the main thread: runs a kernel over items 0 to items - 1 on all threads and returns when it is done. */
  run(kernel: string, items: number, itemsPerChunk: number, values: readonly number[]): void {
    const words = this.#words;
    const chunks = Math.ceil(items / itemsPerChunk);
    words[KERNEL] = this.#numbers.get(kernel)!;
    words[ITEMS] = items;
    words[ITEMS_PER_CHUNK] = itemsPerChunk;
    words[CHUNKS] = chunks;
    this.#values.set(values);
    words[DONE] = 0;
    Atomics.store(words, REMAINING, chunks);
    if (chunks > 1 && Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, REMAINING, chunks - 1);
    while (this.#computeChunk(0));
    for (let look = 0; look < LOOKS && Atomics.load(words, DONE) < chunks; look++) Atomics.pause();
    if (Atomics.load(words, DONE) < chunks) {
      Atomics.store(words, MAIN_SLEEPS, 1);
      for (let done = Atomics.load(words, DONE); done < chunks; done = Atomics.load(words, DONE)) {
        Atomics.wait(words, DONE, done);
      }
      Atomics.store(words, MAIN_SLEEPS, 0);
    }
    if (Atomics.exchange(words, FAILED, 0) !== 0) {
      throw new Error(`Cannot finish ${kernel}: it failed on a thread; this is a defect, please report it`);
    }
  }

  /**
   * For a worker: computes chunks until told to end.
   *
   * @param generation What `begin()` gave when the worker was started.
   */
  serve(thread: number, generation: number): void {
    const words = this.#words;
    Atomics.add(words, SERVING, 1);
    // Looked at after the worker has been counted: whoever waits for the others to leave has either counted it or
    // begun a generation that it is not of.
    if (Atomics.load(words, GENERATION) === generation) this.#serve(thread);
    Atomics.sub(words, SERVING, 1);
    Atomics.notify(words, SERVING);
  }

  #serve(thread: number): void {
    const words = this.#words;
    for (;;) {
      for (let look = 0; look < LOOKS && Atomics.load(words, REMAINING) === 0; look++) Atomics.pause();
      if (Atomics.load(words, REMAINING) === 0) {
        Atomics.add(words, SLEEPERS, 1);
        Atomics.wait(words, REMAINING, 0);
        Atomics.sub(words, SLEEPERS, 1);
      }
      if (Atomics.load(words, REMAINING) < 0) return;
      while (this.#computeChunk(thread)) {
        if (Atomics.load(words, MAIN_SLEEPS) === 1) Atomics.notify(words, DONE);
      }
    }
  }

  /**
   * For the main thread: lets new workers serve, once those that `end()` has sent away are gone. Two that took
   * themselves for one thread would compute in the same scratch memory.
   *
   * @returns The number by which they are told from earlier ones.
   */
  begin(): number {
    const words = this.#words;
    const generation = Atomics.add(words, GENERATION, 1) + 1;
    for (let left = Atomics.load(words, SERVING); left > 0; left = Atomics.load(words, SERVING)) {
      Atomics.wait(words, SERVING, left);
    }
    Atomics.store(words, REMAINING, 0);
    return generation;
  }

  /** For the main thread: lets the workers return from `serve`. Only between commands. */
  end(): void {
    Atomics.store(this.#words, REMAINING, -1);
    Atomics.notify(this.#words, REMAINING);
  }

  // Takes and computes one chunk; false if none is left.
  #computeChunk(thread: number): boolean {
    const words = this.#words;
    let remaining = Atomics.load(words, REMAINING);
    for (;;) {
      if (remaining <= 0) return false;
      const found = Atomics.compareExchange(words, REMAINING, remaining, remaining - 1);
      if (found === remaining) break;
      remaining = found;
    }
    const first = (words[CHUNKS] - remaining) * words[ITEMS_PER_CHUNK];
    const last = Math.min(first + words[ITEMS_PER_CHUNK], words[ITEMS]);
    const scratch = (words[SCRATCH_ADDRESS] >>> 0) + thread * words[SCRATCH_BYTES];
    try {
      callKernel(this.#kernels[words[KERNEL]], first, last, scratch, this.#values);
    } catch {
      // Told when the others are done too: none may still be at work when the next command is published.
      Atomics.store(words, FAILED, 1);
    }
    Atomics.add(words, DONE, 1);
    return true;
  }
}

// Every argument by itself: `...values` of a typed array goes through its iterator, half a microsecond and more for
// each chunk, where this takes some nanoseconds. WebAssembly drops those that a kernel does not have.
function callKernel(kernel: Kernel, first: number, last: number, scratch: number, v: Float64Array): void {
  // deno-fmt-ignore
  kernel(
    first, last, scratch,
    v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11],
    v[12], v[13], v[14], v[15], v[16], v[17], v[18], v[19], v[20], v[21], v[22], v[23],
  );
}
