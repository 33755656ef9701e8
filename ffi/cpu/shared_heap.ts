const PAGE = 65536;
// One page short of 4 GiB, so that the address behind the last byte fits into 32 bits too.
const MAX_PAGES = 65535;

/** Bytes that the memory can grow to. */
export const HEAP_BYTES = MAX_PAGES * PAGE;

const ALIGNMENT = 256;

/** A piece of WebAssembly memory. */
export interface HeapBlock {
  /** Where it begins: a multiple of 256. */
  readonly address: number;
  /** Its size. */
  readonly bytes: number;
}

/**
 * Pieces of one shared WebAssembly memory, given out first fit and joined again when returned. The memory grows as
 * needed and never past 4 GiB, which 32-bit addresses reach; the system takes its pages back when the memory is
 * collected.
 */
export class SharedHeap {
  /** The memory, shared with Workers. */
  readonly memory: WebAssembly.Memory;
  // Free pieces by address, none next to another.
  #free: HeapBlock[] = [];
  #end: number;

  /** Leaves the bytes below `start` alone. */
  constructor(start: number) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(start / PAGE), maximum: MAX_PAGES, shared: true });
    this.#end = Math.ceil(start / ALIGNMENT) * ALIGNMENT;
  }

  /** Bytes that can still be given out, in one piece or several. */
  get freeBytes(): number {
    return this.#free.reduce((sum, { bytes }) => sum + bytes, HEAP_BYTES - this.#end);
  }

  /**
   * Takes a piece; its content is undefined.
   *
   * @throws {RangeError} If no free piece is that large.
   */
  take(bytes: number): HeapBlock {
    const size = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const index = this.#free.findIndex((piece) => piece.bytes >= size);
    if (index >= 0) {
      const piece = this.#free[index];
      if (piece.bytes === size) this.#free.splice(index, 1);
      else this.#free[index] = { address: piece.address + size, bytes: piece.bytes - size };
      return { address: piece.address, bytes: size };
    }
    const address = this.#end;
    const missing = Math.ceil((address + size - this.memory.buffer.byteLength) / PAGE);
    if (address + size > HEAP_BYTES || (missing > 0 && !this.#grow(missing))) {
      const largest = this.#free.reduce((most, piece) => Math.max(most, piece.bytes), HEAP_BYTES - address);
      const [asked, free, inOnePiece] = [size, this.freeBytes, largest].map(mebibytes);
      throw new RangeError(
        `Cannot reserve ${asked} MiB on the cpu device: ${free} MiB of its 4096 MiB are free, ${inOnePiece} in one piece; ` +
          `try a smaller batch (or fewer samples), a shorter context, or a smaller model`,
      );
    }
    this.#end = address + size;
    return { address, bytes: size };
  }

  /** Takes back what `take` gave. */
  give({ address, bytes }: HeapBlock): void {
    let index = this.#free.findIndex((piece) => piece.address > address);
    if (index < 0) index = this.#free.length;
    let start = address, end = address + bytes, from = index, to = index;
    const before = this.#free[index - 1], after = this.#free[index];
    if (before !== undefined && before.address + before.bytes === start) {
      start = before.address;
      from--;
    }
    if (after !== undefined && after.address === end) {
      end += after.bytes;
      to++;
    }
    if (end === this.#end) {
      this.#end = start;
      this.#free.splice(from, to - from);
    } else {
      this.#free.splice(from, to - from, { address: start, bytes: end - start });
    }
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
