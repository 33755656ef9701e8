// Softmax attention in blocks, never storing T x S scores (Dao et al., 2022), from the same two parts as matmul:
// packing and panels. Scores are held key by query, a panel of 8 queries at a time: largest scores, exponentials and
// sums then work on 8 queries side by side, and the exponentials are a packed operand as they stand. Keys that
// causality hides are not computed. Strides are in bytes.

import {
  BLOCK,
  hideLanes,
  hideMasked,
  multiplyRows,
  packAllColumns,
  packAllRows,
  PANEL_ROW,
  wholeRows,
} from "./attention_blocks";
import { exp, log } from "./exp";
import { multiplyAdd } from "./fma";
import { MR, NR, unpackColumns } from "./panels";

// Blocks of queries of one head.
export function attentionBlocks(queryLength: usize): usize {
  return (queryLength + BLOCK - 1) / BLOCK;
}

// Bytes of scratch that `attention` needs.
export function attentionScratch(headSize: usize): usize {
  return (2 * BLOCK * headSize + 2 * BLOCK * wholeRows(headSize) + BLOCK * NR + 2 * BLOCK) * 4;
}

// out = softmax(scale q k^T, where seen) v, and logSumExp. Item = block of queries of one head of one sequence:
// scores of a block of keys at a time, their exponentials against the largest score so far, products with v added up
// and rescaled when the largest grows (online softmax). Bound by the multipliers, with a fifth for the exponentials.
export function attention(
  first: usize,
  last: usize,
  scratch: usize,
  q: usize,
  qRow: usize,
  qBatch: usize,
  k: usize,
  kRow: usize,
  kBatch: usize,
  v: usize,
  vRow: usize,
  vBatch: usize,
  out: usize,
  outRow: usize,
  outBatch: usize,
  logSumExp: usize,
  queryLength: usize,
  keyLength: usize,
  heads: usize,
  kvHeads: usize,
  headSize: usize,
  scale: f32,
  causal: bool,
  mask: usize,
  maskBatch: usize,
): void {
  const headBytes = headSize * 4, sumBytes = wholeRows(headSize) * PANEL_ROW;
  const columnsQ = scratch, rowsK = columnsQ + BLOCK * headBytes, rowsV = rowsK + BLOCK * headBytes;
  const sums = rowsV + wholeRows(headSize) * BLOCK * 4, scores = sums + BLOCK / NR * sumBytes;
  const maxima = scores + BLOCK * PANEL_ROW, totals = maxima + BLOCK * 4;
  const blocks = attentionBlocks(queryLength), ahead = keyLength - queryLength;
  for (let item = first; item < last; item++) {
    const sequence = item / (heads * blocks), head = item / blocks % heads, query = item % blocks * BLOCK;
    const queries = min(BLOCK, queryLength - query), kvHead = head * kvHeads / heads;
    const sourceK = k + sequence * kBatch + kvHead * headBytes, sourceV = v + sequence * vBatch + kvHead * headBytes;
    const maskRow = mask == 0 ? 0 : mask + sequence * maskBatch + query * keyLength * 4;
    packAllColumns(columnsQ, q + sequence * qBatch + query * qRow + head * headBytes, 4, qRow, headSize, queries);
    memory.fill(sums, 0, BLOCK / NR * sumBytes);
    memory.fill(totals, 0, BLOCK * 4);
    for (let i: usize = 0; i < BLOCK; i++) store<f32>(maxima + i * 4, -Infinity);
    // Query i sees `ahead + i + 1` keys if causal.
    const keysSeen = causal ? ahead + query + queries : keyLength;
    for (let key: usize = 0; key < keysSeen; key += BLOCK) {
      const keys = min(BLOCK, keysSeen - key);
      packAllRows(rowsK, sourceK + key * kRow, kRow, 4, headSize, keys);
      packAllRows(rowsV, sourceV + key * vRow, 4, vRow, keys, headSize);
      for (let panel: usize = 0; panel < queries; panel += NR) {
        // Keys that all queries of the panel see, and those that its last one sees.
        const common = causal ? ahead + query + panel + 1 : keyLength;
        const visible = causal ? common + NR - 1 : keyLength;
        if (visible <= key) continue;
        const seen = min(keys, visible - key);
        multiplyRows(rowsK, MR * headBytes, columnsQ + panel * headBytes, headSize, scores, seen, scale, 0);
        for (let j = common > key ? common - key : 0; j < seen; j++) {
          hideLanes(scores + j * PANEL_ROW, <i32> (key + j + 1 - common), false);
        }
        if (maskRow != 0) {
          const panelMask = maskRow + (panel * keyLength + key) * 4;
          hideMasked(scores, 4, PANEL_ROW, min(NR, queries - panel), seen, panelMask, keyLength * 4);
        }
        const sum = sums + panel / NR * sumBytes;
        exponentiate(scores, seen, maxima + panel * 4, totals + panel * 4, sum, headSize);
        multiplyRows(rowsV, MR * keys * 4, scores, seen, sum, headSize, 1, 1);
      }
    }
    for (let panel: usize = 0; panel < queries; panel += NR) {
      const sum = sums + panel / NR * sumBytes, count = min(NR, queries - panel), row = query + panel;
      divide(sum, totals + panel * 4, headSize);
      unpackColumns(out + sequence * outBatch + row * outRow + head * headBytes, outRow, sum, headSize, count);
      const logs = logSumExp + ((sequence * heads + head) * queryLength + row) * 4;
      for (let i: usize = 0; i < count; i++) {
        const total = <f64> load<f32>(totals + (panel + i) * 4);
        store<f32>(logs + i * 4, <f32> (<f64> load<f32>(maxima + (panel + i) * 4) + log(total)));
      }
    }
  }
}

// Replaces scores [keys][8] by their exponentials against the largest so far of each query, whose totals and sums
// [rows][8] are rescaled where it grew. NaN is passed over in the maxima and comes out in the totals.
function exponentiate(scores: usize, keys: usize, maxima: usize, totals: usize, sums: usize, rows: usize): void {
  const before0 = v128.load(maxima), before1 = v128.load(maxima, 16), end = scores + keys * PANEL_ROW;
  let m0 = before0, m1 = before1;
  for (let row = scores; row < end; row += PANEL_ROW) {
    m0 = f32x4.pmax(m0, v128.load(row));
    m1 = f32x4.pmax(m1, v128.load(row, 16));
  }
  v128.store(maxima, m0);
  v128.store(maxima, m1, 16);
  // Where nothing is seen so far every exponential is to be 0, not that of -Infinity + Infinity.
  const none = f32x4.splat(-Infinity);
  const shift0 = v128.andnot(m0, f32x4.eq(m0, none)), shift1 = v128.andnot(m1, f32x4.eq(m1, none));
  let total0 = f32x4.splat(0), total1 = total0;
  for (let row = scores; row < end; row += PANEL_ROW) {
    const p0 = exp(f32x4.sub(v128.load(row), shift0)), p1 = exp(f32x4.sub(v128.load(row, 16), shift1));
    v128.store(row, p0);
    v128.store(row, p1, 16);
    total0 = f32x4.add(total0, p0);
    total1 = f32x4.add(total1, p1);
  }
  const factor0 = exp(f32x4.sub(before0, shift0)), factor1 = exp(f32x4.sub(before1, shift1));
  v128.store(totals, multiplyAdd(v128.load(totals), factor0, total0));
  v128.store(totals, multiplyAdd(v128.load(totals, 16), factor1, total1), 16);
  const one = f32x4.splat(1);
  if (v128.any_true(v128.or(f32x4.ne(factor0, one), f32x4.ne(factor1, one)))) {
    multiplyColumns(sums, rows, factor0, factor1);
  }
}

// Divides sums [rows][8] by the queries' totals; a query that sees nothing gets 0.
function divide(sums: usize, totals: usize, rows: usize): void {
  const total0 = v128.load(totals), total1 = v128.load(totals, 16), one = f32x4.splat(1), zero = f32x4.splat(0);
  multiplyColumns(
    sums,
    rows,
    v128.andnot(f32x4.div(one, total0), f32x4.eq(total0, zero)),
    v128.andnot(f32x4.div(one, total1), f32x4.eq(total1, zero)),
  );
}

// @ts-ignore: decorator
@inline
function multiplyColumns(x: usize, rows: usize, factor0: v128, factor1: v128): void {
  for (const end = x + rows * PANEL_ROW; x < end; x += PANEL_ROW) {
    v128.store(x, f32x4.mul(v128.load(x), factor0));
    v128.store(x, f32x4.mul(v128.load(x, 16), factor1), 16);
  }
}
