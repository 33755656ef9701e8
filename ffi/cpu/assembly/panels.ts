// The two ends of a matrix product: packing into panels, and the micro-kernel that multiplies two panels.
// After Goto and van de Geijn (2008). Transposes and strides end in the packing, so there is one micro-kernel; matmul
// and attention are loops around it. Edges are packed as zeros.

import { multiplyAdd } from "./fma";

export const MR: usize = 6;
export const NR: usize = 8;

// Packs 8 columns of B, k rows, starting at source: element (k, j) lies at source + k * rowStride + j * columnStride
// (bytes), and one of the two strides is 4.
export function packColumns(
  target: usize,
  source: usize,
  rowStride: usize,
  columnStride: usize,
  depth: usize,
  columns: usize,
): void {
  const end = target + depth * NR * 4;
  if (columns == NR && columnStride == 4) {
    for (; target < end; target += NR * 4) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
      source += rowStride;
    }
    return;
  }
  if (columns == NR) {
    const s1 = columnStride, s2 = 2 * columnStride, s3 = 3 * columnStride, s4 = 4 * columnStride;
    const whole = target + (depth & ~3) * NR * 4;
    for (; target < whole; target += 4 * NR * 4) {
      transpose4(
        target,
        NR * 4,
        v128.load(source),
        v128.load(source + s1),
        v128.load(source + s2),
        v128.load(source + s3),
      );
      const lower = source + s4;
      transpose4(
        target + 16,
        NR * 4,
        v128.load(lower),
        v128.load(lower + s1),
        v128.load(lower + s2),
        v128.load(lower + s3),
      );
      source += 16;
    }
  }
  for (; target < end; target += NR * 4) {
    for (let j: usize = 0; j < NR; j++) {
      store<f32>(target + j * 4, j < columns ? load<f32>(source + j * columnStride) : 0);
    }
    source += rowStride;
  }
}

// Packs 6 rows of A: element (i, k) lies at source + i * rowStride + k * columnStride (bytes).
export function packRows(
  target: usize,
  source: usize,
  rowStride: usize,
  columnStride: usize,
  depth: usize,
  rows: usize,
): void {
  const end = target + depth * MR * 4;
  if (rows == MR && rowStride == 4) {
    for (; target < end; target += MR * 4) {
      v128.store(target, v128.load(source));
      store<u64>(target, load<u64>(source, 16), 16);
      source += columnStride;
    }
    return;
  }
  if (rows == MR) {
    const s1 = rowStride, s2 = 2 * rowStride, s3 = 3 * rowStride, s4 = 4 * rowStride, s5 = 5 * rowStride;
    const whole = target + (depth & ~3) * MR * 4;
    for (; target < whole; target += 4 * MR * 4) {
      transpose4(
        target,
        MR * 4,
        v128.load(source),
        v128.load(source + s1),
        v128.load(source + s2),
        v128.load(source + s3),
      );
      const a = v128.load(source + s4), b = v128.load(source + s5);
      const low = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const high = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      v128.store64_lane(target, low, 0, 16);
      v128.store64_lane(target, low, 1, MR * 4 + 16);
      v128.store64_lane(target, high, 0, 2 * MR * 4 + 16);
      v128.store64_lane(target, high, 1, 3 * MR * 4 + 16);
      source += 16;
    }
  }
  for (; target < end; target += MR * 4) {
    for (let i: usize = 0; i < MR; i++) {
      store<f32>(target + i * 4, i < rows ? load<f32>(source + i * rowStride) : 0);
    }
    source += columnStride;
  }
}

// The way back: writes the first `columns` columns of a panel [depth][8] as rows of `depth` floats, rowStride bytes
// apart.
export function unpackColumns(target: usize, rowStride: usize, panel: usize, depth: usize, columns: usize): void {
  const whole = columns == NR ? depth & ~3 : 0;
  for (let k: usize = 0; k < whole; k += 4) {
    const row = panel + k * NR * 4, place = target + k * 4;
    transpose4(place, rowStride, v128.load(row), v128.load(row, 32), v128.load(row, 64), v128.load(row, 96));
    transpose4(
      place + 4 * rowStride,
      rowStride,
      v128.load(row, 16),
      v128.load(row, 48),
      v128.load(row, 80),
      v128.load(row, 112),
    );
  }
  for (let j: usize = 0; j < columns; j++) {
    for (let k = whole; k < depth; k++) {
      store<f32>(target + j * rowStride + k * 4, load<f32>(panel + (k * NR + j) * 4));
    }
  }
}

// @ts-ignore: decorator
@inline
function transpose4(target: usize, step: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab0 = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const ab1 = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const cd0 = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const cd1 = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(target, i8x16.shuffle(ab0, cd0, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(target + step, i8x16.shuffle(ab0, cd0, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  v128.store(target + 2 * step, i8x16.shuffle(ab1, cd1, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(target + 3 * step, i8x16.shuffle(ab1, cd1, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

// @ts-ignore: decorator
@inline
function put(c: usize, low: v128, high: v128, alpha: v128, beta: f32): void {
  low = f32x4.mul(low, alpha);
  high = f32x4.mul(high, alpha);
  if (beta != 0) {
    const factor = f32x4.splat(beta);
    low = multiplyAdd(v128.load(c), factor, low);
    high = multiplyAdd(v128.load(c, 16), factor, high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

// C tile (6 x 8, rows `stride` bytes apart) = alpha * panel a [depth][6] times panel b [depth][8] + beta * C; C is not
// read if beta is 0. 12 accumulators, 2 vectors of b and a splat of a fill the 15 registers that V8 has.
// Bound by the multipliers where a processor takes 6 instructions at a time: Deno checks the bounds of every access.
// Therefore addresses are sums rather than offsets (one limit then serves all six splats), and there are two steps to a
// turn, with a test between them that keeps them apart (or else the two sums of each accumulator would be joined, and
// registers spill).
export function multiplyPanels(
  a: usize,
  b: usize,
  depth: usize,
  c: usize,
  stride: usize,
  alpha: f32,
  beta: f32,
): void {
  let c00 = f32x4.splat(0), c01 = c00;
  let c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00;
  let c40 = c00, c41 = c00;
  let c50 = c00, c51 = c00;
  for (const end = a + depth * MR * 4; a < end;) {
    const b0 = v128.load(b), b1 = v128.load(b + 16);
    let x0 = v128.load32_splat(a);
    c00 = multiplyAdd(x0, b0, c00);
    c01 = multiplyAdd(x0, b1, c01);
    x0 = v128.load32_splat(a + 4);
    c10 = multiplyAdd(x0, b0, c10);
    c11 = multiplyAdd(x0, b1, c11);
    x0 = v128.load32_splat(a + 8);
    c20 = multiplyAdd(x0, b0, c20);
    c21 = multiplyAdd(x0, b1, c21);
    x0 = v128.load32_splat(a + 12);
    c30 = multiplyAdd(x0, b0, c30);
    c31 = multiplyAdd(x0, b1, c31);
    x0 = v128.load32_splat(a + 16);
    c40 = multiplyAdd(x0, b0, c40);
    c41 = multiplyAdd(x0, b1, c41);
    x0 = v128.load32_splat(a + 20);
    c50 = multiplyAdd(x0, b0, c50);
    c51 = multiplyAdd(x0, b1, c51);
    a += MR * 4;
    b += NR * 4;
    if (a == end) break;
    const b2 = v128.load(b), b3 = v128.load(b + 16);
    let x1 = v128.load32_splat(a);
    c00 = multiplyAdd(x1, b2, c00);
    c01 = multiplyAdd(x1, b3, c01);
    x1 = v128.load32_splat(a + 4);
    c10 = multiplyAdd(x1, b2, c10);
    c11 = multiplyAdd(x1, b3, c11);
    x1 = v128.load32_splat(a + 8);
    c20 = multiplyAdd(x1, b2, c20);
    c21 = multiplyAdd(x1, b3, c21);
    x1 = v128.load32_splat(a + 12);
    c30 = multiplyAdd(x1, b2, c30);
    c31 = multiplyAdd(x1, b3, c31);
    x1 = v128.load32_splat(a + 16);
    c40 = multiplyAdd(x1, b2, c40);
    c41 = multiplyAdd(x1, b3, c41);
    x1 = v128.load32_splat(a + 20);
    c50 = multiplyAdd(x1, b2, c50);
    c51 = multiplyAdd(x1, b3, c51);
    a += MR * 4;
    b += NR * 4;
  }
  const factor = f32x4.splat(alpha);
  put(c, c00, c01, factor, beta);
  put(c + stride, c10, c11, factor, beta);
  put(c + 2 * stride, c20, c21, factor, beta);
  put(c + 3 * stride, c30, c31, factor, beta);
  put(c + 4 * stride, c40, c41, factor, beta);
  put(c + 5 * stride, c50, c51, factor, beta);
}
