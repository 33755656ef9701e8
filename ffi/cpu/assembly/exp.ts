// The exponential, the logarithm and what is made of them.

import { multiplyAdd } from "./fma";

// What `exp` reads: ends of the range, 1 / ln 2, the shift, ln 2 in two parts, the polynomial. From memory a constant
// costs one instruction; written into the code it would cost three in every turn of a loop, since V8 builds a constant
// vector anew where it is used.
const CONSTANTS = memory.data<f32>([
  89,
  -87.3,
  1.44269504,
  12583039,
  -0.693359375,
  2.12194440e-4,
  0.0013814599951729178,
  0.008368716575205326,
  0.04166838899254799,
  0.1666652113199234,
  0.4999999403953552,
  1,
]);

// @ts-ignore: decorator
@inline
function constant(index: usize): v128 {
  return v128.load32_splat(CONSTANTS + index * 4);
}

// e^x on four lanes, within 1 unit in the last place from -87.3 to 88.3: x = n ln 2 + r with |r| <= ln 2 / 2, then
// 1 + r + r^2 p(r) with a polynomial p of degree 4 fitted to the relative error over that interval (3e-9), times 2^n.
// Smaller x give 0 (so -Infinity does), those for which n is 128 Infinity (which makes a sigmoid 0, however large what
// it is multiplied by), and NaN stays NaN. ln 2 is taken in two parts, the first so short that its multiples are exact.
// The shift 1.5 x 2^23 + 127 rounds x / ln 2 to n and leaves n + 127, the exponent of 2^n, in the lowest bits.
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const least = constant(1), shift = constant(3);
  const y = f32x4.pmax(f32x4.pmin(x, constant(0)), least);
  const shifted = multiplyAdd(y, constant(2), shift);
  const n = f32x4.sub(shifted, shift);
  const r = multiplyAdd(n, constant(5), multiplyAdd(n, constant(4), y));
  let p = multiplyAdd(constant(6), r, constant(7));
  p = multiplyAdd(p, r, constant(8));
  p = multiplyAdd(p, r, constant(9));
  p = multiplyAdd(p, r, constant(10));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), constant(11));
  return v128.andnot(f32x4.mul(p, i32x4.shl(shifted, 23)), f32x4.lt(x, least));
}

// 1 / (1 + e^-x) on four lanes.
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

// The natural logarithm of 0 or a positive normal number, in float64: x = m 2^e with m near 1, then 2 artanh((m - 1) /
// (m + 1)) as a series in s^2 <= 0.0295, of which eleven terms leave less than 1e-16. Infinity and NaN, which have no
// such m, stay what they are.
export function log(x: f64): f64 {
  if (x == 0) return -Infinity;
  if (!(x < Infinity)) return x;
  const bits = reinterpret<u64>(x);
  let exponent = <f64> (<i64> (bits >> 52) - 1023);
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1), square = s * s;
  let series = (1.0 / 21) * square + 1.0 / 19;
  series = series * square + 1.0 / 17;
  series = series * square + 1.0 / 15;
  series = series * square + 1.0 / 13;
  series = series * square + 1.0 / 11;
  series = series * square + 1.0 / 9;
  series = series * square + 1.0 / 7;
  series = series * square + 1.0 / 5;
  series = series * square + 1.0 / 3;
  series = series * square + 1;
  return exponent * 0.6931471805599453 + 2 * s * series;
}
