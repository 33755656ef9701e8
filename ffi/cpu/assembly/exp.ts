// The exponential, the logarithm and what is made of them.

import { multiplyAdd } from "./fma";

// e^x on four lanes, within 1 unit in the last place from -87.3 to 88.3: x = n ln 2 + r with |r| <= ln 2 / 2, then
// 1 + r + r^2 p(r) with a polynomial p of degree 4 fitted to the relative error over that interval (3e-9), times 2^n.
// Smaller x give 0 (so -Infinity does), greater ones e^88.3, and NaN stays NaN. ln 2 is taken in two parts, the first so short that
// its multiples are exact.
// @ts-ignore: decorator

export function exp(x: v128): v128 {
  const normal = f32x4.ge(x, f32x4.splat(-87.3));
  const isNaN = f32x4.ne(x, x);
  const y = f32x4.pmax(f32x4.pmin(x, f32x4.splat(88.3)), f32x4.splat(-87.3));
  const n = f32x4.nearest(f32x4.mul(y, f32x4.splat(1.44269504)));
  let r = multiplyAdd(n, f32x4.splat(-0.693359375), y);
  r = multiplyAdd(n, f32x4.splat(2.12194440e-4), r);
  let p = multiplyAdd(r, f32x4.splat(0.0013814599951729178), f32x4.splat(0.008368716575205326));
  p = multiplyAdd(p, r, f32x4.splat(0.04166838899254799));
  p = multiplyAdd(p, r, f32x4.splat(0.1666652113199234));
  p = multiplyAdd(p, r, f32x4.splat(0.4999999403953552));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(p, power), v128.or(normal, isNaN));
}

// 1 / (1 + e^-x) on four lanes.
// @ts-ignore: decorator

export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

// The natural logarithm of a positive normal number, in float64: x = m 2^e with m near 1, then 2 artanh((m - 1) / (m + 1)) as a
// series in s^2 <= 0.0295, of which ten terms leave less than 1e-16.
export function log(x: f64): f64 {
  if (x == 0) return -Infinity;
  const bits = reinterpret<u64>(x);
  let exponent = <f64> (<i64> (bits >> 52) - 1023);
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1), square = s * s;
  let series: f64 = 0;
  for (let divisor: f64 = 21; divisor >= 1; divisor -= 2) series = series * square + 1 / divisor;
  return exponent * 0.6931471805599453 + 2 * s * series;
}
