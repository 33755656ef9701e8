// The squared ReLU (So et al., 2021) and its gradient, element by element. Bound by memory.

import { loadPart, storePart } from "./lanes";

// out = max(0, x)^2; item = element.
export function reluSquared(first: usize, last: usize, _scratch: usize, x: usize, out: usize): void {
  const zero = f32x4.splat(0);
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    const positive = f32x4.max(v128.load(x + i), zero);
    v128.store(out + i, f32x4.mul(positive, positive));
  }
  const rest = (last * 4 - i) / 4;
  if (rest > 0) {
    const positive = f32x4.max(loadPart(x + i, rest), zero);
    storePart(out + i, f32x4.mul(positive, positive), rest);
  }
}

// dX = dOut * 2 max(0, x); item = element.
export function reluSquaredBackward(
  first: usize,
  last: usize,
  _scratch: usize,
  x: usize,
  dOut: usize,
  dX: usize,
): void {
  const zero = f32x4.splat(0);
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    const positive = f32x4.max(v128.load(x + i), zero);
    v128.store(dX + i, f32x4.mul(v128.load(dOut + i), f32x4.add(positive, positive)));
  }
  const rest = (last * 4 - i) / 4;
  if (rest > 0) {
    const positive = f32x4.max(loadPart(x + i, rest), zero);
    storePart(dX + i, f32x4.mul(loadPart(dOut + i, rest), f32x4.add(positive, positive)), rest);
  }
}
