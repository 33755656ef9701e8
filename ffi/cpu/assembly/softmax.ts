// Softmax of rows and its gradient, and cross entropy fused with its gradient. Item = row.
// A row passes three times, the last two from cache: largest value, exponentials and their sum, division. The
// exponential bounds it.

import { exp, log } from "./exp";
import { multiplyAdd } from "./fma";
import { loadPart, maxLane, storePart, sumLanes } from "./lanes";

// The largest of `columns` floats. NaN is passed over: what is computed from it shows it anyway.
export function largest(x: usize, columns: usize): f32 {
  const whole = x + (columns & ~3) * 4, end = x + columns * 4;
  let m = f32x4.splat(-Infinity);
  for (; x < whole; x += 16) m = f32x4.pmax(m, v128.load(x));
  let result = maxLane(m);
  for (; x < end; x += 4) result = load<f32>(x) > result ? load<f32>(x) : result;
  return result;
}

// out = exp(x - shift), which is also summed. `out` 0 only sums.
// @ts-ignore: decorator
@inline
export function exponentials(x: usize, out: usize, columns: usize, shift: f32): f32 {
  const whole = (columns & ~7) * 4, shifts = f32x4.splat(shift);
  let s0 = f32x4.splat(0), s1 = s0;
  let i: usize = 0;
  for (; i < whole; i += 32) {
    const p = exp(f32x4.sub(v128.load(x + i), shifts)), q = exp(f32x4.sub(v128.load(x + i, 16), shifts));
    if (out != 0) {
      v128.store(out + i, p);
      v128.store(out + i, q, 16);
    }
    s0 = f32x4.add(s0, p);
    s1 = f32x4.add(s1, q);
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (let rest = columns & 7; rest > 0;) {
    const count = min<usize>(rest, 3);
    const p = exp(f32x4.sub(loadPart(x + i, count), shifts));
    if (out != 0) storePart(out + i, p, count);
    sum += f32x4.extract_lane(p, 0);
    if (count > 1) sum += f32x4.extract_lane(p, 1);
    if (count > 2) sum += f32x4.extract_lane(p, 2);
    i += count * 4;
    rest -= count;
  }
  return sum;
}

// x *= factor
export function multiplyRow(x: usize, columns: usize, factor: f32): void {
  const whole = x + (columns & ~3) * 4, end = x + columns * 4, factors = f32x4.splat(factor);
  for (; x < whole; x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

export function softmax(first: usize, last: usize, _scratch: usize, x: usize, out: usize, columns: usize): void {
  for (let row = first; row < last; row++) {
    const source = x + row * columns * 4, target = out + row * columns * 4;
    const sum = exponentials(source, target, columns, largest(source, columns));
    multiplyRow(target, columns, 1 / sum);
  }
}

// dX = out * (dOut - sum(dOut * out)); dX may be dOut.
export function softmaxBackward(
  first: usize,
  last: usize,
  _scratch: usize,
  out: usize,
  dOut: usize,
  dX: usize,
  columns: usize,
): void {
  const whole = (columns & ~3) * 4, rest = columns & 3;
  for (let row = first; row < last; row++) {
    const offset = row * columns * 4, y = out + offset, d = dOut + offset, target = dX + offset;
    let products = f32x4.splat(0);
    for (let i: usize = 0; i < whole; i += 16) products = multiplyAdd(v128.load(y + i), v128.load(d + i), products);
    if (rest > 0) products = multiplyAdd(loadPart(y + whole, rest), loadPart(d + whole, rest), products);
    const sums = f32x4.splat(sumLanes(products));
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(target + i, f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(d + i), sums)));
    }
    if (rest > 0) {
      storePart(target + whole, f32x4.mul(loadPart(y + whole, rest), f32x4.sub(loadPart(d + whole, rest), sums)), rest);
    }
  }
}

// losses[row] = log(sum(exp(logits))) - logits[target]; dLogits (0: none; may be logits) = scale * (softmax -
// one_hot(target)). A target outside of the row gives NaN for the loss and the row's gradient.
export function crossEntropy(
  first: usize,
  last: usize,
  _scratch: usize,
  logits: usize,
  targets: usize,
  losses: usize,
  dLogits: usize,
  columns: usize,
  scale: f32,
): void {
  for (let row = first; row < last; row++) {
    const source = logits + row * columns * 4, target = <usize> load<u32>(targets + row * 4);
    const known = target < columns;
    const shift = largest(source, columns);
    const logit = <f64> (known ? load<f32>(source + target * 4) : NaN);
    if (dLogits == 0) {
      store<f32>(losses + row * 4, <f32> (log(exponentials(source, 0, columns, shift)) + <f64> shift - logit));
      continue;
    }
    const gradient = dLogits + row * columns * 4;
    const sum = exponentials(source, gradient, columns, shift);
    store<f32>(losses + row * 4, <f32> (log(sum) + <f64> shift - logit));
    multiplyRow(gradient, columns, known ? scale / sum : NaN);
    if (known) store<f32>(gradient + target * 4, load<f32>(gradient + target * 4) - scale);
  }
}
