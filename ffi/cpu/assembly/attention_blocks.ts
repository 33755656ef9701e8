// What attention's forward and backward pass share: blocks of queries and keys, their packing, and scores that are
// hidden.

import { MR, multiplyPanels, NR, packColumns, packRows } from "./panels";

// Queries and keys of a block: a multiple of the panels' 6 and 8.
export const BLOCK: usize = 96;

// Bytes of a row of a panel of 8 columns.
export const PANEL_ROW: usize = NR * 4;

// A head's size in whole rows of panels.
// @ts-ignore: decorator
@inline
export function wholeRows(headSize: usize): usize {
  return (headSize + MR - 1) / MR * MR;
}

// A head's size in whole panels of columns.
// @ts-ignore: decorator
@inline
export function wholeColumns(headSize: usize): usize {
  return (headSize + NR - 1) / NR * NR;
}

// Packs rows into panels of 6, one after the other, the last padded.
export function packAllRows(
  target: usize,
  source: usize,
  rowStride: usize,
  columnStride: usize,
  depth: usize,
  rows: usize,
): void {
  for (let i: usize = 0; i < rows; i += MR) {
    packRows(target + i * depth * 4, source + i * rowStride, rowStride, columnStride, depth, min(MR, rows - i));
  }
}

// Packs columns into panels of 8, one after the other, the last padded.
export function packAllColumns(
  target: usize,
  source: usize,
  rowStride: usize,
  columnStride: usize,
  depth: usize,
  columns: usize,
): void {
  for (let j: usize = 0; j < columns; j += NR) {
    packColumns(
      target + j * depth * 4,
      source + j * columnStride,
      rowStride,
      columnStride,
      depth,
      min(NR, columns - j),
    );
  }
}

// c [rows][8] = alpha * panels of a, which are `stepA` bytes apart, times one panel of b, + beta * c. Rows are rounded
// up to whole panels.
// @ts-ignore: decorator
@inline
export function multiplyRows(
  a: usize,
  stepA: usize,
  b: usize,
  depth: usize,
  c: usize,
  rows: usize,
  alpha: f32,
  beta: f32,
): void {
  for (let i: usize = 0; i < rows; i += MR, a += stepA) {
    multiplyPanels(a, b, depth, c + i * PANEL_ROW, PANEL_ROW, alpha, beta);
  }
}

// Sets those of a row's 8 scores to -Infinity whose lane, from 0, is below `lanes`; or is not, if `above`.
// @ts-ignore: decorator
@inline
export function hideLanes(row: usize, lanes: i32, above: bool): void {
  const limit = i32x4.splat(lanes), hidden = f32x4.splat(-Infinity);
  let low = i32x4.lt_s(i32x4(0, 1, 2, 3), limit), high = i32x4.lt_s(i32x4(4, 5, 6, 7), limit);
  if (above) {
    low = v128.not(low);
    high = v128.not(high);
  }
  v128.store(row, v128.bitselect(hidden, v128.load(row), low));
  v128.store(row, v128.bitselect(hidden, v128.load(row, 16), high), 16);
}

// Sets scores to -Infinity where a mask of integers, one row of keys for each query, is 0. Steps lead from query to
// query and from key to key.
export function hideMasked(
  scores: usize,
  queryStep: usize,
  keyStep: usize,
  queries: usize,
  keys: usize,
  mask: usize,
  maskStride: usize,
): void {
  for (let i: usize = 0; i < queries; i++, mask += maskStride) {
    for (let j: usize = 0; j < keys; j++) {
      if (load<i32>(mask + j * 4) == 0) store<f32>(scores + i * queryStep + j * keyStep, -Infinity);
    }
  }
}
