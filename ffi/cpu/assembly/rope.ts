// Rotary position embedding on interleaved pairs (Su et al., 2021); item = row of `heads` heads. Two pairs fill a
// vector: (a, b) becomes (a cos - b sin, b cos + a sin), that is x * cos + swapped(x) * (-sin, sin). Bound by memory.

import { multiplyAdd } from "./fma";

export function rope(
  first: usize,
  last: usize,
  _scratch: usize,
  x: usize,
  out: usize,
  positions: usize,
  cos: usize,
  sin: usize,
  numPositions: usize,
  heads: usize,
  headSize: usize,
  tableRows: usize,
  strideX: usize,
  strideOut: usize,
  inverse: bool,
): void {
  const half = headSize / 2;
  const sign: f32 = inverse ? -1 : 1;
  const signs = f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(sign), 0, -sign), 2, -sign);
  for (let row = first; row < last; row++) {
    const position = <usize> load<u32>(positions + (row % numPositions) * 4);
    const known = position < tableRows;
    const c = cos + position * half * 4, s = sin + position * half * 4;
    for (let head: usize = 0; head < heads; head++) {
      const source = x + row * strideX + head * headSize * 4, target = out + row * strideOut + head * headSize * 4;
      if (!known) {
        for (let i: usize = 0; i < headSize; i++) store<f32>(target + i * 4, NaN);
        continue;
      }
      let pair: usize = 0;
      for (; pair + 2 <= half; pair += 2) {
        const value = v128.load(source + pair * 8);
        const cosines = v128.load64_zero(c + pair * 4), sines = v128.load64_zero(s + pair * 4);
        const cc = i8x16.shuffle(cosines, cosines, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7);
        const ss = i8x16.shuffle(sines, sines, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7);
        const swapped = i8x16.shuffle(value, value, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        v128.store(target + pair * 8, multiplyAdd(swapped, f32x4.mul(ss, signs), f32x4.mul(value, cc)));
      }
      if (pair < half) {
        const a = load<f32>(source + pair * 8), b = load<f32>(source + pair * 8, 4);
        const cosine = load<f32>(c + pair * 4), sine = sign * load<f32>(s + pair * 4);
        store<f32>(target + pair * 8, a * cosine - b * sine);
        store<f32>(target + pair * 8, b * cosine + a * sine, 4);
      }
    }
  }
}
