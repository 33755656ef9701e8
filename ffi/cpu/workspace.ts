import type { HeapBlock, SharedHeap } from "./shared_heap.ts";

/** Memory for what one operation keeps between its kernels: as large as the largest need so far. */
export class Workspace {
  readonly #heap: SharedHeap;
  #block: HeapBlock | undefined;

  /** Takes nothing yet. */
  constructor(heap: SharedHeap) {
    this.#heap = heap;
  }

  /** Address of at least `bytes` bytes, valid until the next call. */
  need(bytes: number): number {
    if (this.#block === undefined || this.#block.bytes < bytes) {
      if (this.#block !== undefined) this.#heap.give(this.#block);
      this.#block = undefined;
      this.#block = this.#heap.take(bytes);
    }
    return this.#block.address;
  }
}
