import { type Block, BYTES_PER_ELEMENT, type DType, Slice, type SliceOwner } from "./slice.ts";

// Every slice starts at a multiple of this many bytes: a cache line, and enough for the widest vector load.
const ALIGNMENT = 64;

// What an arena takes at least from the device when it must grow.
const SMALLEST_BLOCK = 1 << 20;

/** Where arenas get their memory from and to whom they report: a device. */
export interface MemorySource {
  /** The device's short name. */
  readonly name: string;
  /** Formats that it stores. */
  readonly dtypes: readonly DType[];
  /** Gives a block of at least `bytes`. */
  takeBlock(bytes: number): Block;
  /** Takes a block back. */
  returnBlock(block: Block): void;
  /** Hears that an arena handed out a slice, which takes `bytes` with its alignment. */
  allocated(arena: Arena, bytes: number, slice: Slice): void;
  /** Hears that a slice, or by a reset all slices, of `bytes` in all were given back. */
  released(arena: Arena, bytes: number, slice?: Slice): void;
  /** Hears that an arena has ended. */
  ended(arena: Arena): void;
}

/**
 * Device memory that is taken slice by slice and given back all at once: parameters, or what one training step needs.
 * It grows as needed; `reset()` makes all of it reusable without returning it to the device, so that a step which
 * repeats the last one's allocations gets the same addresses and reserves nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("activations", 4096);
 * const x = arena.alloc(1000, "f32");
 * arena.release(x);
 * arena.alloc(1000, "f32");
 * assertEquals(arena.reservedBytes, 4096);
 * ```
 */
export class Arena implements SliceOwner, Disposable {
  /** What the memory is for, as reports name it. */
  readonly name: string;
  /** The device whose memory it is. */
  readonly device: MemorySource;
  #blocks: Block[] = [];
  #current = 0;
  #top = 0;
  #epoch = 0;
  #disposed = false;
  #usedBytes = 0;
  #reservedBytes = 0;
  #extent = 0;
  #extentBytes = 0;
  // Released pieces by their size: exact sizes recur from layer to layer, so nothing is split or joined.
  #free = new Map<number, { block: Block; byteOffset: number }[]>();

  /**
   * Called by `device.arena()`. Reserves `bytes` at once (0: when first needed).
   *
   * @throws {RangeError} If bytes is not a number of at least 0, or they are not there.
   */
  constructor(device: MemorySource, name: string, bytes: number) {
    if (!(bytes >= 0)) {
      throw new RangeError(`Cannot reserve ${bytes} bytes for the arena "${name}": give a number of at least 0`);
    }
    this.device = device;
    this.name = name;
    if (bytes > 0) this.#grow(bytes);
  }

  /** Bytes taken from the device. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Bytes of slices handed out and neither released nor reset, alignment included. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * The most bytes that slices have covered between two resets, memory taken up again after a release counted once:
   * what to reserve at first so that the same work fits without growth.
   */
  get extentBytes(): number {
    return this.#extentBytes;
  }

  /**
   * Takes `length` elements. Their content is undefined.
   *
   * @throws {RangeError} If length is not a whole number above 0, or the arena is disposed of.
   */
  alloc(length: number, dtype: DType): Slice {
    if (this.#disposed) {
      throw new RangeError(`Cannot allocate: the arena "${this.name}" is disposed of; allocate before its end`);
    }
    if (!Number.isSafeInteger(length) || length <= 0) {
      throw new RangeError(
        `Cannot allocate ${length} elements in the arena "${this.name}": the length must be a whole number above 0`,
      );
    }
    if (!this.device.dtypes.includes(dtype)) {
      throw new RangeError(
        `Cannot allocate ${dtype} elements: the device ${this.device.name} stores ${
          this.device.dtypes.join(", ")
        }; choose one of these`,
      );
    }
    const bytes = roundUp(length * BYTES_PER_ELEMENT[dtype]);
    const slice = this.#recycle(bytes, length, dtype) ?? this.#extend(bytes, length, dtype);
    this.#usedBytes += bytes;
    this.device.allocated(this, bytes, slice);
    return slice;
  }

  /**
   * Makes the memory of one whole slice (as `alloc` returned it) reusable for slices of the same size in bytes; the
   * slice is no longer valid.
   *
   * @throws {RangeError} If it is a part of one, was released before, or was taken before the arena was reset or
   * disposed of.
   */
  release(slice: Slice): void {
    this.assertLive(slice);
    if (slice.whole !== slice) {
      throw new RangeError(
        `Cannot release a part of a slice of the arena "${this.name}": release the slice that alloc() returned`,
      );
    }
    slice.epoch = RELEASED;
    const bytes = roundUp(slice.bytes);
    this.#usedBytes -= bytes;
    this.device.released(this, bytes, slice);
    const sameSize = this.#free.get(bytes);
    const piece = { block: slice.block, byteOffset: slice.byteOffset };
    if (sameSize === undefined) this.#free.set(bytes, [piece]);
    else sameSize.push(piece);
  }

  /** Makes all memory reusable; slices taken so far are no longer valid. */
  reset(): void {
    this.device.released(this, this.#usedBytes);
    this.#usedBytes = 0;
    this.#current = 0;
    this.#top = 0;
    this.#extent = 0;
    this.#epoch++;
    this.#free.clear();
  }

  /**
   * Checks that a slice is this arena's and was taken since the last `reset()`.
   *
   * @throws {RangeError} If it was not.
   */
  assertLive(slice: Slice): void {
    if (slice.arena !== this || slice.whole.epoch !== this.#epoch || this.#disposed) {
      throw new RangeError(
        `Cannot use a slice of the arena "${this.name}": it was released, or taken before the arena was ` +
          `reset or disposed of; take a new one`,
      );
    }
  }

  /** Returns all memory to the device. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.reset();
    this.#disposed = true;
    for (const block of this.#blocks) this.device.returnBlock(block);
    this.#blocks = [];
    this.#reservedBytes = 0;
    this.device.ended(this);
  }

  #recycle(bytes: number, length: number, dtype: DType): Slice | undefined {
    const free = this.#free.get(bytes)?.pop();
    return free && new Slice(this, free.block, free.byteOffset, length, dtype, this.#epoch);
  }

  #extend(bytes: number, length: number, dtype: DType): Slice {
    while (this.#current < this.#blocks.length && this.#top + bytes > this.#blocks[this.#current].bytes) {
      this.#current++;
      this.#top = 0;
    }
    if (this.#current === this.#blocks.length) this.#grow(Math.max(bytes, SMALLEST_BLOCK));
    const slice = new Slice(this, this.#blocks[this.#current], this.#top, length, dtype, this.#epoch);
    this.#top += bytes;
    this.#extent += bytes;
    this.#extentBytes = Math.max(this.#extentBytes, this.#extent);
    return slice;
  }

  #grow(bytes: number): void {
    const block = this.device.takeBlock(roundUp(bytes));
    this.#blocks.push(block);
    this.#reservedBytes += block.bytes;
  }
}

// In place of an epoch.
const RELEASED = -1;

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
