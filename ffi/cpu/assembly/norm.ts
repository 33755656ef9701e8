// RMSNorm (Zhang and Sennrich, 2019), alone or after a residual sum, and its gradients. Item = row, or a block of rows
// where gradients of the weight are summed. A row is read once from memory and then from the first-level cache: bound
// by memory.

import { multiplyAdd } from "./fma";
import { loadPart, storePart, sumLanes } from "./lanes";

// out = x * inverseRms * weight, with inverseRms = 1 / sqrt(mean(x^2) + epsilon).
export function rmsNorm(
  first: usize,
  last: usize,
  _scratch: usize,
  x: usize,
  weight: usize,
  out: usize,
  inverseRms: usize,
  columns: usize,
  epsilon: f32,
): void {
  for (let row = first; row < last; row++) {
    const offset = row * columns * 4;
    normalize(x + offset, weight, out + offset, inverseRms + row * 4, columns, epsilon);
  }
}

// sum = a + b; out = rmsNorm of the sum.
export function addRmsNorm(
  first: usize,
  last: usize,
  _scratch: usize,
  a: usize,
  b: usize,
  sum: usize,
  weight: usize,
  out: usize,
  inverseRms: usize,
  columns: usize,
  epsilon: f32,
): void {
  const whole = (columns & ~3) * 4, end = columns * 4;
  for (let row = first; row < last; row++) {
    const offset = row * columns * 4;
    const p = a + offset, q = b + offset, target = sum + offset;
    let i: usize = 0;
    for (; i < whole; i += 16) v128.store(target + i, f32x4.add(v128.load(p + i), v128.load(q + i)));
    for (; i < end; i += 4) store<f32>(target + i, load<f32>(p + i) + load<f32>(q + i));
    normalize(target, weight, out + offset, inverseRms + row * 4, columns, epsilon);
  }
}

function normalize(x: usize, weight: usize, out: usize, inverseRms: usize, columns: usize, epsilon: f32): void {
  const whole = (columns & ~3) * 4, rest = columns & 3;
  let squares = f32x4.splat(0), more = squares;
  let i: usize = 0;
  for (const pairs = (columns & ~7) * 4; i < pairs; i += 32) {
    const p = v128.load(x + i), q = v128.load(x + i, 16);
    squares = multiplyAdd(p, p, squares);
    more = multiplyAdd(q, q, more);
  }
  for (; i < whole; i += 16) {
    const value = v128.load(x + i);
    squares = multiplyAdd(value, value, squares);
  }
  if (rest > 0) {
    const value = loadPart(x + whole, rest);
    more = multiplyAdd(value, value, more);
  }
  const r: f32 = 1 / sqrt(sumLanes(f32x4.add(squares, more)) / <f32> columns + epsilon);
  store<f32>(inverseRms, r);
  const factor = f32x4.splat(r);
  for (i = 0; i < whole; i += 16) {
    v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(weight + i)));
  }
  if (rest > 0) {
    storePart(
      out + whole,
      f32x4.mul(f32x4.mul(loadPart(x + whole, rest), factor), loadPart(weight + whole, rest)),
      rest,
    );
  }
}

// With g = dOut * weight and y = x * r, r = inverseRms: dX = (or +=) r * (g - y * mean(g * y)), and partials[block] =
// sum over the block's rows of dOut * y, which `sumRows` adds up. Item = block of `blockRows` rows. dX may be dOut.
export function rmsNormBackward(
  first: usize,
  last: usize,
  _scratch: usize,
  x: usize,
  weight: usize,
  inverseRms: usize,
  dOut: usize,
  dX: usize,
  partials: usize,
  rows: usize,
  columns: usize,
  blockRows: usize,
  accumulate: bool,
): void {
  const whole = (columns & ~3) * 4, rest = columns & 3;
  for (let block = first; block < last; block++) {
    const partial = partials + block * columns * 4;
    memory.fill(partial, 0, columns * 4);
    for (let row = block * blockRows, end = min(rows, row + blockRows); row < end; row++) {
      const offset = row * columns * 4, p = x + offset, d = dOut + offset, target = dX + offset;
      const r = load<f32>(inverseRms + row * 4), factor = f32x4.splat(r);
      let products = f32x4.splat(0);
      for (let i: usize = 0; i < whole; i += 16) {
        const y = f32x4.mul(v128.load(p + i), factor), dy = f32x4.mul(v128.load(d + i), y);
        products = multiplyAdd(dy, v128.load(weight + i), products);
        v128.store(partial + i, f32x4.add(v128.load(partial + i), dy));
      }
      if (rest > 0) {
        const y = f32x4.mul(loadPart(p + whole, rest), factor), dy = f32x4.mul(loadPart(d + whole, rest), y);
        products = multiplyAdd(dy, loadPart(weight + whole, rest), products);
        storePart(partial + whole, f32x4.add(loadPart(partial + whole, rest), dy), rest);
      }
      const mean = f32x4.splat(-sumLanes(products) / <f32> columns);
      for (let i: usize = 0; i < whole; i += 16) {
        let value = gradientOf(v128.load(p + i), v128.load(d + i), v128.load(weight + i), factor, mean);
        if (accumulate) value = f32x4.add(v128.load(target + i), value);
        v128.store(target + i, value);
      }
      if (rest > 0) {
        const dy = loadPart(d + whole, rest), w = loadPart(weight + whole, rest);
        let value = gradientOf(loadPart(p + whole, rest), dy, w, factor, mean);
        if (accumulate) value = f32x4.add(loadPart(target + whole, rest), value);
        storePart(target + whole, value, rest);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function gradientOf(x: v128, d: v128, w: v128, r: v128, minusMean: v128): v128 {
  return f32x4.mul(r, multiplyAdd(f32x4.mul(x, r), minusMean, f32x4.mul(d, w)));
}
