// Sums over all elements, over rows of partial results, and the clip coefficient. A long sum is cut into blocks of
// fixed size whose partial sums are added in order, so that no bit depends on the number of threads. Bound by memory.

import { multiplyAdd } from "./fma";
import { sumLanes } from "./lanes";

// partials[block] (float64) = sum of x, or of x^2 if `square`, over one block of `blockLength` elements; item = block.
export function partialSums(
  first: usize,
  last: usize,
  _scratch: usize,
  x: usize,
  length: usize,
  blockLength: usize,
  square: bool,
  partials: usize,
): void {
  for (let block = first; block < last; block++) {
    let i = x + block * blockLength * 4;
    const count = min(blockLength, length - block * blockLength);
    const end = i + count * 4, whole = i + (count & ~15) * 4;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    if (square) {
      for (; i < whole; i += 64) {
        const a = v128.load(i), b = v128.load(i, 16), c = v128.load(i, 32), d = v128.load(i, 48);
        s0 = multiplyAdd(a, a, s0);
        s1 = multiplyAdd(b, b, s1);
        s2 = multiplyAdd(c, c, s2);
        s3 = multiplyAdd(d, d, s3);
      }
    } else {
      for (; i < whole; i += 64) {
        s0 = f32x4.add(s0, v128.load(i));
        s1 = f32x4.add(s1, v128.load(i, 16));
        s2 = f32x4.add(s2, v128.load(i, 32));
        s3 = f32x4.add(s3, v128.load(i, 48));
      }
    }
    let sum = <f64> sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    for (; i < end; i += 4) {
      const value = <f64> load<f32>(i);
      sum += square ? value * value : value;
    }
    store<f64>(partials + block * 8, sum);
  }
}

// out = factor * the sum of `count` partial sums; one item.
export function finishSum(
  _first: usize,
  _last: usize,
  _scratch: usize,
  partials: usize,
  count: usize,
  factor: f64,
  out: usize,
): void {
  let sum: f64 = 0;
  for (let i: usize = 0; i < count; i++) sum += load<f64>(partials + i * 8);
  store<f32>(out, <f32> (factor * sum));
}

// out[column] = (or +=) the sum over `rows` rows of partials [rows, columns]; item = column.
export function sumRows(
  first: usize,
  last: usize,
  _scratch: usize,
  partials: usize,
  rows: usize,
  columns: usize,
  out: usize,
  accumulate: bool,
): void {
  let column = first;
  for (; column + 4 <= last; column += 4) {
    let sum = accumulate ? v128.load(out + column * 4) : f32x4.splat(0);
    for (let row: usize = 0; row < rows; row++) {
      sum = f32x4.add(sum, v128.load(partials + (row * columns + column) * 4));
    }
    v128.store(out + column * 4, sum);
  }
  for (; column < last; column++) {
    let sum: f32 = accumulate ? load<f32>(out + column * 4) : 0;
    for (let row: usize = 0; row < rows; row++) sum += load<f32>(partials + (row * columns + column) * 4);
    store<f32>(out + column * 4, sum);
  }
}

// norm = sqrt(sumOfSquares); coefficient = min(1, maxNorm / (norm + 1e-6)); one item.
export function clipCoefficient(
  _first: usize,
  _last: usize,
  _scratch: usize,
  sumOfSquares: usize,
  norm: usize,
  coefficient: usize,
  maxNorm: f64,
): void {
  const root = sqrt(<f64> load<f32>(sumOfSquares));
  store<f32>(norm, <f32> root);
  store<f32>(coefficient, <f32> (maxNorm < Infinity ? min<f64>(1, maxNorm / (root + 1e-6)) : 1));
}

// out = 1 / (sqrt(sumOfSquares) + epsilon); one item.
export function inverseNorm(
  _first: usize,
  _last: usize,
  _scratch: usize,
  sumOfSquares: usize,
  out: usize,
  epsilon: f64,
): void {
  store<f32>(out, <f32> (1 / (sqrt(<f64> load<f32>(sumOfSquares)) + epsilon)));
}
