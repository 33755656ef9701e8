import type { Slice } from "./slice.ts";

/**
 * The gradient of one or several tensors. A sum hands its gradient to both of its terms without a copy: they own it
 * together until one of them must add to it.
 */
export class Gradient {
  /** As long as the tensor. */
  readonly slice: Slice;
  /** True for parameters: the memory outlives the tape. */
  readonly persistent: boolean;
  /** Whether the memory holds a gradient; if not, the next contribution overwrites what is there. */
  written: boolean;
  /** Tensors that share it. */
  owners = 1;

  /** A gradient in memory that somebody has allocated. */
  constructor(slice: Slice, { persistent, written }: { persistent: boolean; written: boolean }) {
    this.slice = slice;
    this.persistent = persistent;
    this.written = written;
  }
}

/**
 * Numbers on a device with a shape (row-major), and their gradient once there is one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = new Tensor(arena.alloc(24, "f32"), [2, 3, 4]);
 * assertEquals([x.rows, x.columns], [6, 4]);
 * ```
 */
export class Tensor {
  /** Sizes of the dimensions; [] for one number. */
  readonly shape: readonly number[];
  /** Set by the backward pass; set from the start for a parameter. */
  gradient: Gradient | undefined;
  #slice: Slice;
  #takenBy: string | undefined;

  /**
   * A tensor over memory that is there.
   *
   * @throws {RangeError} If a size is not a whole number above 0, or their product not the slice's length.
   */
  constructor(slice: Slice, shape: readonly number[], gradient?: Gradient) {
    checkShape(shape);
    if (elements(shape) !== slice.length) {
      throw new RangeError(
        `Cannot shape ${slice.length} elements as [${shape.join(", ")}]: that has ${elements(shape)}; make them equal`,
      );
    }
    this.#slice = slice;
    this.shape = shape;
    this.gradient = gradient;
  }

  /**
   * The numbers.
   *
   * @throws {RangeError} If an operation has written something else over them, as `crossEntropy()` does.
   */
  get slice(): Slice {
    if (this.#takenBy !== undefined) {
      throw new RangeError(
        `Cannot use a tensor of shape [${this.shape.join(", ")}]: ${this.#takenBy} has written its gradient over it; ` +
          `read it before, or call that with keepLogits: true`,
      );
    }
    return this.#slice;
  }

  /** Size of the last dimension; 1 for one number. */
  get columns(): number {
    return this.shape.at(-1) ?? 1;
  }

  /** Product of all dimensions but the last. */
  get rows(): number {
    return this.#slice.length / this.columns;
  }

  /** For the tape: the memory, whatever it holds. */
  get memory(): Slice {
    return this.#slice;
  }

  /**
   * For operations: the memory, over which `operation` writes the gradient. From now on `slice` is refused, so that a
   * backward pass which needs the numbers fails instead of taking the gradient for them.
   */
  takeMemory(operation: string): Slice {
    const { slice } = this;
    this.#takenBy = operation;
    return slice;
  }
}

/**
 * Checks the sizes of dimensions.
 *
 * @throws {RangeError} If one is not a whole number above 0.
 */
export function checkShape(shape: readonly number[]): void {
  if (shape.every((size) => Number.isSafeInteger(size) && size > 0)) return;
  throw new RangeError(
    `Cannot make a tensor of shape [${shape.join(", ")}]: every size must be a whole number above 0`,
  );
}

/** Number of elements of a shape: the product of its sizes. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
