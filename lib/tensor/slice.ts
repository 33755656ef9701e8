/** Number formats of device memory: 32-bit floats, 32-bit signed integers, and bfloat16 where a device offers it. */
export type DType = "f32" | "i32" | "bf16";

/** Bytes of one element. */
export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = { f32: 4, i32: 4, bf16: 2 };

/**
 * A piece of memory that a backend has reserved, opaque to everybody else: a backend returns its own subtype (an
 * address in WebAssembly memory, a CUDA pointer, a typed array) and finds it again in every slice. It starts at a
 * multiple of 256 bytes.
 */
export interface Block {
  /** Size of the piece. */
  readonly bytes: number;
}

/** Who hands out slices and knows whether one may still be used: an arena. */
export interface SliceOwner {
  /** The device whose memory the slices are. */
  readonly device: { readonly name: string };
  /**
   * Checks that a slice is still valid.
   *
   * @throws {RangeError} If it is not.
   */
  assertLive(slice: Slice): void;
}

/**
 * Consecutive elements of one type in device memory: the operand of every device operation. A slice has no shape; the
 * operation is given its dimensions. A kernel finds its first element at `block`'s start plus `byteOffset`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = arena.alloc(4, "f32");
 * device.upload(x, new Float32Array([1, 2, 3, 4]));
 * assertEquals(device.download(x.sub(2)), new Float32Array([3, 4]));
 * ```
 */
export class Slice {
  /** The arena that owns the memory. */
  readonly arena: SliceOwner;
  /** The reserved piece of memory that the slice lies in. */
  readonly block: Block;
  /** Bytes from the start of `block` to the first element; a multiple of the element's size. */
  readonly byteOffset: number;
  /** Number of elements. */
  readonly length: number;
  /** Type of the elements. */
  readonly dtype: DType;
  /**
   * The arena's epoch when the slice was made; after `arena.reset()` the slice is no longer valid, nor after its
   * release. That of `whole` counts.
   */
  epoch: number;
  /** The slice that the arena handed out, of which this one is a part; itself if it is that one. */
  readonly whole: Slice;

  /** Arenas make slices; everybody else calls `Arena.alloc()` or `sub()`. */
  constructor(
    arena: SliceOwner,
    block: Block,
    byteOffset: number,
    length: number,
    dtype: DType,
    epoch: number,
    whole?: Slice,
  ) {
    this.arena = arena;
    this.block = block;
    this.byteOffset = byteOffset;
    this.length = length;
    this.dtype = dtype;
    this.epoch = epoch;
    this.whole = whole ?? this;
  }

  /** Size in bytes. */
  get bytes(): number {
    return this.length * BYTES_PER_ELEMENT[this.dtype];
  }

  /**
   * The `length` elements from `start` on, as a slice of the same memory.
   *
   * @throws {RangeError} If they do not lie within this slice.
   */
  sub(start: number, length: number = this.length - start): Slice {
    if (
      !(Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length >= 0) ||
      start + length > this.length
    ) {
      throw new RangeError(
        `Cannot take ${length} elements from ${start} on: the slice has ${this.length}; stay within them`,
      );
    }
    const byteOffset = this.byteOffset + start * BYTES_PER_ELEMENT[this.dtype];
    return new Slice(this.arena, this.block, byteOffset, length, this.dtype, this.epoch, this.whole);
  }
}
