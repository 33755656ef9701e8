// SiLU and its gated form SwiGLU (Shazeer, 2020), with their gradients. The exponential is recomputed backward rather
// than stored. Bound by the exponential and the division at about a dozen cycles for four elements, near what memory
// delivers.

import { sigmoid } from "./exp";
import { multiplyAdd } from "./fma";
import { loadPart, storePart } from "./lanes";

// @ts-ignore: decorator
@inline
function siluOf(x: v128): v128 {
  return f32x4.mul(x, sigmoid(x));
}

// sigmoid * (1 + x * (1 - sigmoid))
// @ts-ignore: decorator
@inline
function siluSlope(x: v128, s: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.mul(s, multiplyAdd(x, f32x4.sub(one, s), one));
}

// out = x * sigmoid(x); item = element.
export function silu(first: usize, last: usize, _scratch: usize, x: usize, out: usize): void {
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) v128.store(out + i, siluOf(v128.load(x + i)));
  const rest = (last * 4 - i) / 4;
  if (rest > 0) storePart(out + i, siluOf(loadPart(x + i, rest)), rest);
}

// dX = dOut * silu'(x); item = element.
export function siluBackward(first: usize, last: usize, _scratch: usize, x: usize, dOut: usize, dX: usize): void {
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    const value = v128.load(x + i);
    v128.store(dX + i, f32x4.mul(v128.load(dOut + i), siluSlope(value, sigmoid(value))));
  }
  const rest = (last * 4 - i) / 4;
  if (rest > 0) {
    const value = loadPart(x + i, rest);
    storePart(dX + i, f32x4.mul(loadPart(dOut + i, rest), siluSlope(value, sigmoid(value))), rest);
  }
}

// out = silu(gate) * up; item = row; stride (of gate and up) in bytes.
export function swiglu(
  first: usize,
  last: usize,
  _scratch: usize,
  gate: usize,
  up: usize,
  out: usize,
  columns: usize,
  stride: usize,
): void {
  const whole = (columns & ~3) * 4, rest = columns & 3;
  for (let row = first; row < last; row++) {
    const g = gate + row * stride, u = up + row * stride, o = out + row * columns * 4;
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(o + i, f32x4.mul(siluOf(v128.load(g + i)), v128.load(u + i)));
    }
    if (rest > 0) storePart(o + whole, f32x4.mul(siluOf(loadPart(g + whole, rest)), loadPart(u + whole, rest)), rest);
  }
}

// dUp = dOut * silu(gate); dGate = dOut * up * silu'(gate); item = row; stride (of all but dOut) in bytes. All inputs
// are read before an output is written, so dGate may be gate and dUp up.
export function swigluBackward(
  first: usize,
  last: usize,
  _scratch: usize,
  gate: usize,
  up: usize,
  dOut: usize,
  dGate: usize,
  dUp: usize,
  columns: usize,
  stride: usize,
): void {
  const whole = (columns & ~3) * 4, rest = columns & 3;
  for (let row = first; row < last; row++) {
    const g = gate + row * stride, u = up + row * stride, d = dOut + row * columns * 4;
    const dG = dGate + row * stride, dU = dUp + row * stride;
    for (let i: usize = 0; i < whole; i += 16) {
      const x = v128.load(g + i), s = sigmoid(x), gradient = v128.load(d + i), y = v128.load(u + i);
      v128.store(dU + i, f32x4.mul(gradient, f32x4.mul(x, s)));
      v128.store(dG + i, f32x4.mul(f32x4.mul(gradient, y), siluSlope(x, s)));
    }
    if (rest > 0) {
      const x = loadPart(g + whole, rest), s = sigmoid(x), gradient = loadPart(d + whole, rest);
      const y = loadPart(u + whole, rest);
      storePart(dU + whole, f32x4.mul(gradient, f32x4.mul(x, s)), rest);
      storePart(dG + whole, f32x4.mul(f32x4.mul(gradient, y), siluSlope(x, s)), rest);
    }
  }
}
