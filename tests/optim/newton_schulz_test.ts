import { assert, assertEquals, assertThrows } from "@std/assert";
import { NewtonSchulz } from "../../lib/optim/newton_schulz.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { compareNumbers } from "../device_conformance/conformance.ts";

// What the iteration makes of one singular value, once all are divided by the root of the sum of their squares.
function lifted(value: number): number {
  for (let i = 0; i < 5; i++) value = 3.4445 * value - 4.775 * value ** 3 + 2.0315 * value ** 5;
  return value;
}

function orthogonalize(values: Float32Array, rows: number, columns: number, factor?: number): Float32Array {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("test");
  const x = arena.alloc(rows * columns, "f32");
  device.upload(x, values);
  using newtonSchulz = new NewtonSchulz(device, [[rows, columns], [3, 2]]);
  return device.download(newtonSchulz.orthogonalize(x, rows, columns, factor));
}

// A matrix with rows or columns at right angles, by Gram and Schmidt.
function orthonormalRows(random: Random, rows: number, columns: number): number[][] {
  const made: number[][] = [];
  while (made.length < rows) {
    let row = Array.from({ length: columns }, () => random.normal());
    for (const other of made) {
      const dot = row.reduce((sum, value, i) => sum + value * other[i], 0);
      row = row.map((value, i) => value - dot * other[i]);
    }
    const norm = Math.hypot(...row);
    made.push(row.map((value) => value / norm));
  }
  return made;
}

for (const [rows, columns] of [[3, 3], [3, 5], [5, 3], [1, 4], [4, 1]]) {
  Deno.test(`a ${rows} x ${columns} matrix keeps its singular vectors, and its singular values are lifted`, () => {
    const random = new Random(rows * 10 + columns);
    const rank = Math.min(rows, columns);
    const [left, right] = [orthonormalRows(random, rank, rows), orthonormalRows(random, rank, columns)];
    const singular = [5, 0.8, 0.02].slice(0, rank);
    const norm = Math.hypot(...singular);
    const compose = (valueOf: (value: number) => number) =>
      Float32Array.from({ length: rows * columns }, (_, at) => {
        const [row, column] = [Math.floor(at / columns), at % columns];
        return singular.reduce((sum, value, i) => sum + valueOf(value) * left[i][row] * right[i][column], 0);
      });
    const given = compose((value) => value);
    const expected = compose((value) => lifted(value / norm));
    compareNumbers("result", expected, orthogonalize(given, rows, columns), 1e-4);
    compareNumbers(
      "twice the result",
      expected.map((value) => 2 * value),
      orthogonalize(given, rows, columns, 2),
      1e-4,
    );
  });
}

Deno.test("singular values above 0.003 of the norm end between 0.68 and 1.21", () => {
  for (let value = 0.0031; value <= 1; value *= 1.02) {
    const [first, , , second] = orthogonalize(new Float32Array([value, 0, 0, Math.sqrt(1 - value * value)]), 2, 2);
    assert(0.68 < first && first < 1.21, `${value} becomes ${first}`);
    assert(0.68 < second || value > 0.99, `${Math.sqrt(1 - value * value)} becomes ${second}`);
  }
});

Deno.test("a matrix of zeros stays one", () => {
  assertEquals(orthogonalize(new Float32Array(6), 2, 3), new Float32Array(6));
});

Deno.test("matrices of other shapes than announced are refused", () => {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("test");
  const x = arena.alloc(9, "f32");
  using newtonSchulz = new NewtonSchulz(device, [[2, 4]]);
  assertThrows(() => newtonSchulz.orthogonalize(x, 3, 3), RangeError, "of a shape that was announced");
  assertThrows(() => newtonSchulz.orthogonalize(x, 2, 4), RangeError, "x has 9 elements, its shape is [2, 4]");
  assertThrows(() => new NewtonSchulz(device, []), RangeError, "no shapes are given");
});
