import type { Arena } from "../tensor/arena.ts";
import type { Device } from "../tensor/device.ts";
import type { Slice } from "../tensor/slice.ts";

/**
 * Clips gradients to a global norm without reading anything back: the norm and the factor stay in device memory, and an
 * optimizer's step takes the factor from there.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const gradients = arena.alloc(2, "f32");
 * device.upload(gradients, new Float32Array([3, 4]));
 * using clipper = new GradientClipper(device);
 * clipper.measure(gradients, 1);
 * assertAlmostEquals(device.download(clipper.coefficient)[0], 1 / 5, 1e-6);
 * ```
 */
export class GradientClipper implements Disposable {
  /** f32 [1]: norm of the gradients last given. */
  readonly norm: Slice;
  /** f32 [1]: min(1, maxNorm / (norm + 1e-6)) of the gradients last given. */
  readonly coefficient: Slice;
  #device: Device;
  #sums: Slice;
  #total: Slice;
  #arena: Arena;

  /** Prepares for gradients in up to `pieces` slices. */
  constructor(device: Device, pieces: number = 1) {
    this.#device = device;
    this.#arena = device.arena("gradient clipping", 4 * 64 + 4 * pieces);
    [this.norm, this.coefficient, this.#total] = [0, 1, 2].map(() => this.#arena.alloc(1, "f32"));
    this.#sums = this.#arena.alloc(pieces, "f32");
  }

  /**
   * Computes `norm` and `coefficient` of gradients in one or several slices, which it leaves alone.
   *
   * @throws {RangeError} If there are no slices or more than announced, or maxNorm is not above 0.
   */
  measure(gradients: Slice | readonly Slice[], maxNorm: number): void {
    const device = this.#device;
    const pieces = piecesOf(gradients);
    if (pieces.length > this.#sums.length) {
      throw new RangeError(
        `Cannot measure gradients in ${pieces.length} slices: the clipper was made for ${this.#sums.length}; ` +
          `make it for as many`,
      );
    }
    const { component, phase } = device.scope;
    Object.assign(device.scope, { component: "clip", phase: "update" });
    pieces.forEach((x, i) => device.sumOfSquares({ x, out: this.#sums.sub(i, 1), factor: 1 }));
    const several = pieces.length > 1;
    if (several) device.sum({ x: this.#sums.sub(0, pieces.length), out: this.#total, factor: 1 });
    const sumOfSquares = several ? this.#total : this.#sums;
    device.clipCoefficient({ sumOfSquares, norm: this.norm, coefficient: this.coefficient, maxNorm });
    Object.assign(device.scope, { component, phase });
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#arena[Symbol.dispose]();
  }
}

/**
 * Scales gradients in place so that their norm, taken over all of them, is at most `maxNorm` (handout, gradient
 * clipping; epsilon 1e-6).
 *
 * @returns The norm before, read back from the device.
 * @throws {RangeError} If there are no gradients, as in a model that is not trained, or maxNorm is not above 0.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const gradients = arena.alloc(2, "f32");
 * device.upload(gradients, new Float32Array([3, 4]));
 * assertEquals(clipGradNorm(device, gradients, 10), 5);
 * assertEquals(device.download(gradients), new Float32Array([3, 4]));
 * ```
 */
export function clipGradNorm(device: Device, gradients: Slice | readonly Slice[], maxNorm: number): number {
  const pieces = piecesOf(gradients);
  using clipper = new GradientClipper(device, pieces.length);
  clipper.measure(pieces, maxNorm);
  for (const x of pieces) device.scale({ x, out: x, factor: clipper.coefficient });
  return device.download(clipper.norm)[0];
}

function piecesOf(gradients: Slice | readonly Slice[] | undefined): readonly Slice[] {
  const pieces = Array.isArray(gradients) ? gradients : gradients === undefined ? [] : [gradients];
  if (pieces.length > 0) return pieces;
  throw new RangeError("Cannot measure gradients: there are none; make the model with trainable: true");
}
