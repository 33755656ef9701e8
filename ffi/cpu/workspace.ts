import type { HeapBlock, SharedHeap } from "./shared_heap.ts";

/** Memory for what one operation keeps between its kernels: as large as the largest need so far. */
export class Workspace {
  readonly #heap: SharedHeap;
  #block: HeapBlock | undefined;
  // Recorded work goes on using the memory that it was recorded with.
  #recordings = 0;
  #outgrown: HeapBlock[] = [];

  /** Takes nothing yet. */
  constructor(heap: SharedHeap) {
    this.#heap = heap;
  }

  /** Address of at least `bytes` bytes, valid until the next call; within recorded work, whenever it is replayed. */
  need(bytes: number): number {
    if (this.#block === undefined || this.#block.bytes < bytes) {
      if (this.#block !== undefined) this.#outgrown.push(this.#block);
      this.#block = undefined;
      this.#giveOutgrown();
      this.#block = this.#heap.take(bytes);
    }
    return this.#block.address;
  }

  /** Keeps the memory that recorded work uses until {@linkcode Workspace.release}. */
  keep(): void {
    this.#recordings++;
  }

  /** Ends one {@linkcode Workspace.keep}. */
  release(): void {
    this.#recordings--;
    this.#giveOutgrown();
  }

  #giveOutgrown(): void {
    if (this.#recordings > 0) return;
    for (const block of this.#outgrown) this.#heap.give(block);
    this.#outgrown = [];
  }
}
