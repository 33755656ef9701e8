import type { Arena } from "../tensor/arena.ts";
import type { Device } from "../tensor/device.ts";
import type { Slice } from "../tensor/slice.ts";

/** Iterations of one orthogonalization. */
export const NEWTON_SCHULZ_ITERATIONS = 5;

// X becomes A X + (B X X^T + C (X X^T)^2) X, a polynomial in every singular value. From a Frobenius norm of 1, five
// iterations bring all singular values above 0.003 between 0.68 and 1.21; smaller ones grow by up to A^5 = 485 (Jordan
// et al., 2024).
const [A, B, C] = [3.4445, -4.775, 2.0315];
const EPSILON = 1e-7;

/**
 * Replaces the singular values of matrices by numbers near 1 and keeps their singular vectors: for X = U S V^T about
 * U V^T. By a Newton-Schulz iteration, that is by matrix products alone (Jordan et al., 2024; Bernstein and Newhouse,
 * 2024), and without reading anything back.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = arena.alloc(4, "f32");
 * device.upload(x, new Float32Array([0, -100, 1, 0])); // singular values of 100 and 1
 * using newtonSchulz = new NewtonSchulz(device, [[2, 2]]);
 * const [, upperRight, lowerLeft] = device.download(newtonSchulz.orthogonalize(x, 2, 2));
 * assert(-1.21 < upperRight && upperRight < -0.68 && 0.68 < lowerLeft && lowerLeft < 1.21);
 * ```
 */
export class NewtonSchulz implements Disposable {
  #device: Device;
  #arena: Arena;
  #norm: Slice;
  #inverse: Slice;
  #gram: Slice;
  #polynomial: Slice;
  // Two places for X; in float32 the matrix given is one of them.
  #places: readonly Slice[];

  /**
   * Takes the memory for matrices of certain shapes, once.
   *
   * @param shapes [rows, columns] of the matrices to come.
   * @param dtype Format in which products are computed; f32 if left out.
   * @throws {RangeError} If there are no shapes.
   */
  constructor(device: Device, shapes: readonly (readonly [number, number])[], dtype: "f32" | "bf16" = "f32") {
    if (shapes.length === 0) throw new RangeError("Cannot orthogonalize: no shapes are given; give those to come");
    this.#device = device;
    using undo = new DisposableStack();
    this.#arena = undo.use(device.arena("orthogonalization"));
    const largest = Math.max(...shapes.map(([rows, columns]) => rows * columns));
    const side = Math.max(...shapes.map(([rows, columns]) => Math.min(rows, columns)));
    [this.#norm, this.#inverse] = [0, 1].map(() => this.#arena.alloc(1, "f32"));
    [this.#gram, this.#polynomial] = [0, 1].map(() => this.#arena.alloc(side * side, dtype));
    this.#places = Array.from({ length: dtype === "f32" ? 1 : 2 }, () => this.#arena.alloc(largest, dtype));
    undo.move();
  }

  /**
   * Orthogonalizes a matrix, whatever its scale; one of zeros stays so.
   *
   * @param x f32 [rows, columns] of a shape that was announced; used up.
   * @param factor By which the result is multiplied; 1 if left out.
   * @returns The result [rows, columns], until the next call.
   * @throws {RangeError} If x has another size, or one larger than announced.
   */
  orthogonalize(x: Slice, rows: number, columns: number, factor: number = 1): Slice {
    const device = this.#device;
    if (x.length !== rows * columns || Math.min(rows, columns) ** 2 > this.#gram.length) {
      throw new RangeError(
        `Cannot orthogonalize: x has ${x.length} elements, its shape is [${rows}, ${columns}]; ` +
          `give a matrix of a shape that was announced`,
      );
    }
    device.sumOfSquares({ x, out: this.#norm, factor: 1 });
    device.inverseNorm({ sumOfSquares: this.#norm, out: this.#inverse, epsilon: EPSILON });
    device.scale({ x, out: x, factor: this.#inverse });
    let [to, from = x] = this.#places.map((place) => place.sub(0, x.length));
    if (from !== x) device.copy({ source: x, destination: from });
    // X X^T, or X^T X with the polynomial on the other side: the smaller of the two.
    const isWide = columns >= rows;
    const [side, length] = isWide ? [rows, columns] : [columns, rows];
    const [gram, polynomial] = [this.#gram.sub(0, side * side), this.#polynomial.sub(0, side * side)];
    const square = { m: side, n: side };
    for (let iteration = 1; iteration <= NEWTON_SCHULZ_ITERATIONS; iteration++) {
      device.matmul({ a: from, b: from, c: gram, ...square, k: length, transposeA: !isWide, transposeB: isWide });
      device.copy({ source: gram, destination: polynomial });
      device.matmul({ a: gram, b: gram, c: polynomial, ...square, k: side, alpha: C, beta: B });
      device.copy({ source: from, destination: to });
      const [a, b] = isWide ? [polynomial, from] : [from, polynomial];
      const alpha = iteration === NEWTON_SCHULZ_ITERATIONS ? factor : 1;
      device.matmul({ a, b, c: to, m: rows, n: columns, k: side, alpha, beta: alpha * A });
      [from, to] = [to, from];
    }
    return from;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#arena[Symbol.dispose]();
  }
}
