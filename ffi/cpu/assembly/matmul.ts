// Matrix products of any size, C = alpha * A B + beta * C, in two kernels: `packPanels` packs B into panels of 8
// columns, `matmulBlocks` packs a block of rows of A and multiplies panel by panel.
// Each element of C sums over k in one order, block of depth KC after block, however the work is divided: no bit
// depends on threads.

import { multiplyAdd } from "./fma";
import { sumLanes } from "./lanes";
import { MR, multiplyPanels, NR, packColumns, packRows } from "./panels";

// A panel of b (16 KiB) and one of a (12 KiB) stay in the first-level cache.
const KC: usize = 512;

// Packs `last - first` panels of `batch` matrices B [k, n], panelsPerMatrix to a matrix. Item = panel. Bound by memory.
export function packPanels(
  first: usize,
  last: usize,
  _scratch: usize,
  b: usize,
  rowStride: usize,
  columnStride: usize,
  batchStride: usize,
  n: usize,
  k: usize,
  packed: usize,
): void {
  const panels = (n + NR - 1) / NR;
  for (let item = first; item < last; item++) {
    const matrix = item / panels, column = (item % panels) * NR;
    packColumns(
      packed + item * k * NR * 4,
      b + matrix * batchStride + column * columnStride,
      rowStride,
      columnStride,
      k,
      min(NR, n - column),
    );
  }
}

// Multiplies blocks of C: blockRows (a multiple of 6) x blockColumns (a multiple of 8), numbered row of blocks after
// row, matrix after matrix. Item = block. Scratch: blockRows * KC floats for the packed A and one tile of C. Strides
// are in bytes. Loops: depth, then panels of b (first-level cache), then panels of a (second-level cache). Bound by the
// multipliers.
export function matmulBlocks(
  first: usize,
  last: usize,
  scratch: usize,
  a: usize,
  rowStrideA: usize,
  columnStrideA: usize,
  batchStrideA: usize,
  packed: usize,
  batchStridePacked: usize,
  c: usize,
  rowStrideC: usize,
  batchStrideC: usize,
  m: usize,
  n: usize,
  k: usize,
  alpha: f32,
  beta: f32,
  blockRows: usize,
  blockColumns: usize,
): void {
  const blocksDown = (m + blockRows - 1) / blockRows, blocksAcross = (n + blockColumns - 1) / blockColumns;
  const tile = scratch, panelsA = scratch + MR * NR * 4;
  for (let item = first; item < last; item++) {
    const matrix = item / (blocksDown * blocksAcross), block = item % (blocksDown * blocksAcross);
    const row = (block / blocksAcross) * blockRows, column = (block % blocksAcross) * blockColumns;
    const rowEnd = min(m, row + blockRows), columnEnd = min(n, column + blockColumns);
    const sourceA = a + matrix * batchStrideA, panelsB = packed + matrix * batchStridePacked;
    const sourceC = c + matrix * batchStrideC;
    for (let depthStart: usize = 0; depthStart < k; depthStart += KC) {
      const depth = min(KC, k - depthStart);
      const blockBeta: f32 = depthStart == 0 ? beta : 1;
      let panelA = panelsA;
      for (let i = row; i < rowEnd; i += MR, panelA += depth * MR * 4) {
        const source = sourceA + i * rowStrideA + depthStart * columnStrideA;
        packRows(panelA, source, rowStrideA, columnStrideA, depth, min(MR, rowEnd - i));
      }
      for (let j = column; j < columnEnd; j += NR) {
        const panelB = panelsB + (j * k + depthStart * NR) * 4, columns = min(NR, columnEnd - j);
        panelA = panelsA;
        for (let i = row; i < rowEnd; i += MR, panelA += depth * MR * 4) {
          const rows = min(MR, rowEnd - i), target = sourceC + i * rowStrideC + j * 4;
          if (rows == MR && columns == NR) {
            multiplyPanels(panelA, panelB, depth, target, rowStrideC, alpha, blockBeta);
          } else {
            multiplyPanels(panelA, panelB, depth, tile, NR * 4, alpha, 0);
            putPart(tile, target, rowStrideC, rows, columns, blockBeta);
          }
        }
      }
    }
  }
}

// The part of a tile that lies inside C.
function putPart(tile: usize, c: usize, stride: usize, rows: usize, columns: usize, beta: f32): void {
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) {
      const value = load<f32>(tile + (i * NR + j) * 4), target = c + i * stride + j * 4;
      store<f32>(target, beta == 0 ? value : load<f32>(target) * beta + value);
    }
  }
}

// C = alpha * A B^T + beta * C for few rows of A, straight from the stored rows of B (a linear layer's weight) without
// packing. Item = row of B = column of C. Bound by memory: decoding one token reads every weight once. Four rows of B
// are read side by side, each from its own quarter of the items: that keeps more cache lines on their way than one row
// does, and in pages of their own, since a processor fetches ahead along one line of addresses in each page (rows next
// to each other came at half the speed). Every element is one dot product in one order, wherever it stands.
export function matmulFewRows(
  first: usize,
  last: usize,
  _scratch: usize,
  a: usize,
  strideA: usize,
  b: usize,
  strideB: usize,
  c: usize,
  strideC: usize,
  m: usize,
  k: usize,
  alpha: f32,
  beta: f32,
): void {
  const quarter = (last - first) >> 2, far = quarter * strideB;
  for (let column = first; column < first + quarter; column++) {
    for (let i: usize = 0; i < m; i++) {
      const x = a + i * strideA, row = b + column * strideB, target = c + i * strideC + column * 4;
      dotFour(x, row, far, k, target, quarter * 4, alpha, beta);
    }
  }
  for (let column = first + 4 * quarter; column < last; column++) {
    for (let i: usize = 0; i < m; i++) {
      put(c + i * strideC + column * 4, dotOne(a + i * strideA, b + column * strideB, k), alpha, beta);
    }
  }
}

// @ts-ignore: decorator
@inline
function put(c: usize, sum: f32, alpha: f32, beta: f32): void {
  store<f32>(c, beta == 0 ? alpha * sum : alpha * sum + beta * load<f32>(c));
}

// The sum of products in four vectors of four lanes, whole groups of sixteen first. Addresses are sums for the reason
// told in panels.ts.
export function dot(x: usize, y: usize, length: usize): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const whole = x + (length & ~15) * 4, end = x + length * 4;
  for (; x < whole; x += 64, y += 64) {
    s0 = multiplyAdd(v128.load(x), v128.load(y), s0);
    s1 = multiplyAdd(v128.load(x + 16), v128.load(y + 16), s1);
    s2 = multiplyAdd(v128.load(x + 32), v128.load(y + 32), s2);
    s3 = multiplyAdd(v128.load(x + 48), v128.load(y + 48), s3);
  }
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; x < end; x += 4, y += 4) sum += load<f32>(x) * load<f32>(y);
  return sum;
}

// The products of x with four rows of b, `far` bytes apart, each in the order of `dotOne`, to places `step` bytes
// apart.
function dotFour(
  x: usize,
  row0: usize,
  far: usize,
  length: usize,
  target: usize,
  step: usize,
  alpha: f32,
  beta: f32,
): void {
  let row1 = row0 + far, row2 = row1 + far, row3 = row2 + far;
  let p0 = f32x4.splat(0), p1 = p0, q0 = p0, q1 = p0, r0 = p0, r1 = p0, s0 = p0, s1 = p0;
  const whole = x + (length & ~15) * 4, end = x + length * 4;
  for (; x < whole; x += 64, row0 += 64, row1 += 64, row2 += 64, row3 += 64) {
    const x0 = v128.load(x), x1 = v128.load(x + 16), x2 = v128.load(x + 32), x3 = v128.load(x + 48);
    p0 = multiplyAdd(x0, v128.load(row0), p0);
    p1 = multiplyAdd(x1, v128.load(row0 + 16), p1);
    p0 = multiplyAdd(x2, v128.load(row0 + 32), p0);
    p1 = multiplyAdd(x3, v128.load(row0 + 48), p1);
    q0 = multiplyAdd(x0, v128.load(row1), q0);
    q1 = multiplyAdd(x1, v128.load(row1 + 16), q1);
    q0 = multiplyAdd(x2, v128.load(row1 + 32), q0);
    q1 = multiplyAdd(x3, v128.load(row1 + 48), q1);
    r0 = multiplyAdd(x0, v128.load(row2), r0);
    r1 = multiplyAdd(x1, v128.load(row2 + 16), r1);
    r0 = multiplyAdd(x2, v128.load(row2 + 32), r0);
    r1 = multiplyAdd(x3, v128.load(row2 + 48), r1);
    s0 = multiplyAdd(x0, v128.load(row3), s0);
    s1 = multiplyAdd(x1, v128.load(row3 + 16), s1);
    s0 = multiplyAdd(x2, v128.load(row3 + 32), s0);
    s1 = multiplyAdd(x3, v128.load(row3 + 48), s1);
  }
  let p = sumLanes(f32x4.add(p0, p1)), q = sumLanes(f32x4.add(q0, q1));
  let r = sumLanes(f32x4.add(r0, r1)), s = sumLanes(f32x4.add(s0, s1));
  for (; x < end; x += 4, row0 += 4, row1 += 4, row2 += 4, row3 += 4) {
    const value = load<f32>(x);
    p += value * load<f32>(row0);
    q += value * load<f32>(row1);
    r += value * load<f32>(row2);
    s += value * load<f32>(row3);
  }
  put(target, p, alpha, beta);
  put(target + step, q, alpha, beta);
  put(target + 2 * step, r, alpha, beta);
  put(target + 3 * step, s, alpha, beta);
}

// The sum of products in two vectors of four lanes, whole groups of sixteen first.
function dotOne(x: usize, row: usize, length: usize): f32 {
  let p0 = f32x4.splat(0), p1 = p0;
  const whole = x + (length & ~15) * 4, end = x + length * 4;
  for (; x < whole; x += 64, row += 64) {
    p0 = multiplyAdd(v128.load(x), v128.load(row), p0);
    p1 = multiplyAdd(v128.load(x + 16), v128.load(row + 16), p1);
    p0 = multiplyAdd(v128.load(x + 32), v128.load(row + 32), p0);
    p1 = multiplyAdd(v128.load(x + 48), v128.load(row + 48), p1);
  }
  let sum = sumLanes(f32x4.add(p0, p1));
  for (; x < end; x += 4, row += 4) sum += load<f32>(x) * load<f32>(row);
  return sum;
}
