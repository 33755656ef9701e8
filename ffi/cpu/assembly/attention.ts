// Softmax attention in blocks, never storing T x S scores (Dao et al., 2022), from the same two parts as matmul: packing and panels.
// Head sizes, strides and edges of any size end in the packing. Blocks that causality hides are not computed. Strides are in bytes.

import { exp, log } from "./exp";
import { dot } from "./matmul";
import { MR, multiplyPanels, NR, packColumns, packRows } from "./panels";
import { exponentials, largest } from "./softmax";

// Rows and columns of a block of scores: multiples of the panels' 6 and 8.
const BLOCK: usize = 48;
const BLOCK_BYTES: usize = BLOCK * BLOCK * 4;

// Operands of the panel products: each packs all rows or columns of a block, padded to whole panels.
// @ts-ignore: decorator
@inline
function packAllRows(
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

// @ts-ignore: decorator
@inline
function packAllColumns(
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

// c [rows, columns], both rounded up to whole panels, = or += a b.
function multiplyAll(
  a: usize,
  b: usize,
  depth: usize,
  rows: usize,
  columns: usize,
  c: usize,
  stride: usize,
  beta: f32,
): void {
  for (let j: usize = 0; j < columns; j += NR) {
    for (let i: usize = 0; i < rows; i += MR) {
      multiplyPanels(a + i * depth * 4, b + j * depth * 4, depth, c + i * stride + j * 4, stride, 1, beta);
    }
  }
}

// Sets the scores that query `query` may not see to -Infinity. Columns are keys `key` to `key + keys - 1`; `visible` is how many keys from
// key 0 on causality shows; maskRow is the mask's row, or 0.
// @ts-ignore: decorator
@inline
function hide(scores: usize, key: usize, keys: usize, visible: usize, maskRow: usize): void {
  const seen = visible > key ? visible - key : 0;
  for (let j = seen; j < keys; j++) store<f32>(scores + j * 4, -Infinity);
  if (maskRow != 0) {
    for (let j: usize = 0; j < keys; j++) {
      if (load<i32>(maskRow + (key + j) * 4) == 0) store<f32>(scores + j * 4, -Infinity);
    }
  }
}

// Blocks of queries of one head.
export function attentionBlocks(queryLength: usize): usize {
  return (queryLength + BLOCK - 1) / BLOCK;
}

// Bytes of scratch that `attention` needs.
export function attentionScratch(headSize: usize): usize {
  const padded = (headSize + NR - 1) / NR * NR;
  return (3 * BLOCK * padded + 2 * BLOCK * BLOCK + 2 * BLOCK + BLOCK * padded) * 4;
}

// out = softmax(scale q k^T, where seen) v, and logSumExp. Item = block of 48 queries of one head of one sequence:
// scores of 48 keys at a time, their exponentials against the largest score so far, products with v added up and rescaled when the
// largest grows (online softmax).
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
  const padded = (headSize + NR - 1) / NR * NR, rowBytes = padded * 4, headBytes = headSize * 4;
  const packedQ = scratch, packedK = packedQ + BLOCK * rowBytes, packedV = packedK + BLOCK * rowBytes;
  const sums = packedV + BLOCK * rowBytes, scores = sums + BLOCK * rowBytes, packedP = scores + BLOCK_BYTES;
  const maxima = packedP + BLOCK_BYTES, totals = maxima + BLOCK * 4;
  const blocks = attentionBlocks(queryLength);
  for (let item = first; item < last; item++) {
    const sequence = item / (heads * blocks), head = item / blocks % heads, query = item % blocks * BLOCK;
    const queries = min(BLOCK, queryLength - query), kvHead = head * kvHeads / heads;
    const sourceK = k + sequence * kBatch + kvHead * headBytes, sourceV = v + sequence * vBatch + kvHead * headBytes;
    const maskStart = mask == 0 ? 0 : mask + sequence * maskBatch;
    packAllRows(packedQ, q + sequence * qBatch + query * qRow + head * headBytes, qRow, 4, headSize, queries);
    memory.fill(sums, 0, BLOCK * rowBytes);
    for (let i: usize = 0; i < BLOCK; i++) {
      store<f32>(maxima + i * 4, -Infinity);
      store<f32>(totals + i * 4, 0);
    }
    // Query i sees `ahead + i + 1` keys if causal.
    const ahead = keyLength - queryLength;
    const keysSeen = causal ? min(keyLength, ahead + query + queries) : keyLength;
    for (let key: usize = 0; key < keysSeen; key += BLOCK) {
      const keys = min(BLOCK, keysSeen - key);
      packAllColumns(packedK, sourceK + key * kRow, 4, kRow, headSize, keys);
      packAllColumns(packedV, sourceV + key * vRow, vRow, 4, keys, headSize);
      multiplyAll(packedQ, packedK, headSize, queries, keys, scores, BLOCK * 4, 0);
      for (let i: usize = 0; i < queries; i++) {
        const row = scores + i * BLOCK * 4, position = query + i;
        const visible = causal ? ahead + position + 1 : keyLength;
        scaleRow(row, keys, scale);
        hide(row, key, keys, visible, maskStart == 0 ? 0 : maskStart + position * keyLength * 4);
        const before = load<f32>(maxima + i * 4), now = max(before, largest(row, keys));
        // Nothing seen so far: every exponential is to be 0, not that of -Infinity + Infinity.
        const shift: f32 = now == -Infinity ? 0 : now;
        const total = exponentials(row, row, keys, shift);
        const factor = f32x4.extract_lane(exp(f32x4.splat(before - shift)), 0);
        store<f32>(maxima + i * 4, now);
        store<f32>(totals + i * 4, load<f32>(totals + i * 4) * factor + total);
        if (factor != 1) scaleRow(sums + i * rowBytes, padded, factor);
      }
      packAllRows(packedP, scores, BLOCK * 4, 4, keys, queries);
      multiplyAll(packedP, packedV, keys, queries, headSize, sums, rowBytes, 1);
    }
    for (let i: usize = 0; i < queries; i++) {
      const total = load<f32>(totals + i * 4);
      const target = out + sequence * outBatch + (query + i) * outRow + head * headBytes;
      scaleRow(sums + i * rowBytes, padded, total == 0 ? 0 : 1 / total);
      memory.copy(target, sums + i * rowBytes, headBytes);
      store<f32>(
        logSumExp + ((sequence * heads + head) * queryLength + query + i) * 4,
        <f32> (<f64> load<f32>(maxima + i * 4) + log(total)),
      );
    }
  }
}

// Rows inside scratch have room for whole vectors behind their end.
// @ts-ignore: decorator
@inline
function scaleRow(row: usize, length: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (const end = row + length * 4; row < end; row += 16) v128.store(row, f32x4.mul(v128.load(row), factors));
}

// Bytes of scratch that `attentionBackward` needs.
export function attentionBackwardScratch(headSize: usize, queryLength: usize, group: usize): usize {
  const padded = (headSize + NR - 1) / NR * NR, queries = (queryLength + BLOCK - 1) / BLOCK * BLOCK;
  return (9 * BLOCK * padded + 4 * BLOCK * BLOCK + group * queries * (padded + 1)) * 4;
}

// dQ, dK and dV from dOut, out and logSumExp. Item = one key and value head of one sequence, with the query heads that share it, so that
// no two threads add to one gradient. For each block of 48 keys, for each query head and block of 48 queries that sees it:
// P = exp(scale q k^T - logSumExp); dV += P^T dOut; dS = P * (dOut v^T - sum(dOut * out)) * scale; dK += dS^T q; dQ += dS k.
export function attentionBackward(
  first: usize,
  last: usize,
  scratch: usize,
  operands: usize,
  queryLength: usize,
  keyLength: usize,
  heads: usize,
  kvHeads: usize,
  headSize: usize,
  scale: f32,
  causal: bool,
  mask: usize,
  maskBatch: usize,
  logSumExp: usize,
): void {
  const padded = (headSize + NR - 1) / NR * NR,
    rowBytes = padded * 4,
    headBytes = headSize * 4,
    panel = BLOCK * rowBytes;
  const group = heads / kvHeads, blocks = attentionBlocks(queryLength), ahead = keyLength - queryLength;
  const columnsK = scratch, rowsK = columnsK + panel, columnsV = rowsK + panel, rowsQ = columnsV + panel;
  const columnsQ = rowsQ + panel, rowsD = columnsQ + panel, columnsD = rowsD + panel;
  const sumsK = columnsD + panel, sumsV = sumsK + panel;
  const p = sumsV + panel, dS = p + BLOCK_BYTES, packed = dS + BLOCK_BYTES;
  const sumsQ = packed + 2 * BLOCK_BYTES, deltas = sumsQ + group * blocks * panel;
  for (let item = first; item < last; item++) {
    const sequence = item / kvHeads, kvHead = item % kvHeads;
    const sourceK = operandAt(operands, 1, sequence, kvHead * headBytes), kRow = load<usize>(operands, 16);
    const sourceV = operandAt(operands, 2, sequence, kvHead * headBytes), vRow = load<usize>(operands, 28);
    const targetK = operandAt(operands, 6, sequence, kvHead * headBytes), dKRow = load<usize>(operands, 76);
    const targetV = operandAt(operands, 7, sequence, kvHead * headBytes), dVRow = load<usize>(operands, 88);
    const qRow = load<usize>(operands, 4), outRow = load<usize>(operands, 40), dRow = load<usize>(operands, 52);
    memory.fill(sumsQ, 0, group * blocks * panel);
    for (let member: usize = 0; member < group; member++) {
      const offset = (kvHead * group + member) * headBytes;
      const out = operandAt(operands, 3, sequence, offset), dOut = operandAt(operands, 4, sequence, offset);
      for (let i: usize = 0; i < queryLength; i++) {
        store<f32>(deltas + (member * blocks * BLOCK + i) * 4, dot(out + i * outRow, dOut + i * dRow, headSize));
      }
    }
    for (let key: usize = 0; key < keyLength; key += BLOCK) {
      const keys = min(BLOCK, keyLength - key);
      packAllColumns(columnsK, sourceK + key * kRow, 4, kRow, headSize, keys);
      packAllColumns(rowsK, sourceK + key * kRow, kRow, 4, keys, headSize);
      packAllColumns(columnsV, sourceV + key * vRow, 4, vRow, headSize, keys);
      memory.fill(sumsK, 0, panel);
      memory.fill(sumsV, 0, panel);
      for (let member: usize = 0; member < group; member++) {
        const head = kvHead * group + member;
        const sourceQ = operandAt(operands, 0, sequence, head * headBytes);
        const sourceD = operandAt(operands, 4, sequence, head * headBytes);
        const logs = logSumExp + (sequence * heads + head) * queryLength * 4;
        // The first query that sees key `key` is `key - ahead`.
        const firstBlock = causal && key > ahead ? (key - ahead) / BLOCK : 0;
        for (let block = firstBlock; block < blocks; block++) {
          const query = block * BLOCK, queries = min(BLOCK, queryLength - query);
          packAllRows(rowsQ, sourceQ + query * qRow, qRow, 4, headSize, queries);
          packAllColumns(columnsQ, sourceQ + query * qRow, qRow, 4, queries, headSize);
          packAllRows(rowsD, sourceD + query * dRow, dRow, 4, headSize, queries);
          packAllColumns(columnsD, sourceD + query * dRow, dRow, 4, queries, headSize);
          multiplyAll(rowsQ, columnsK, headSize, queries, keys, p, BLOCK * 4, 0);
          multiplyAll(rowsD, columnsV, headSize, queries, keys, dS, BLOCK * 4, 0);
          for (let i: usize = 0; i < queries; i++) {
            const position = query + i, row = p + i * BLOCK * 4, target = dS + i * BLOCK * 4;
            const total = load<f32>(logs + position * 4);
            scaleRow(row, keys, scale);
            hide(
              row,
              key,
              keys,
              causal ? ahead + position + 1 : keyLength,
              mask == 0 ? 0 : mask + sequence * maskBatch + position * keyLength * 4,
            );
            const shift = f32x4.splat(total == -Infinity ? 0 : total);
            const delta = f32x4.splat(load<f32>(deltas + (member * blocks * BLOCK + position) * 4));
            for (let j: usize = 0; j < keys * 4; j += 16) {
              const probability = exp(f32x4.sub(v128.load(row + j), shift));
              v128.store(row + j, probability);
              const slope = f32x4.mul(probability, f32x4.sub(v128.load(target + j), delta));
              v128.store(target + j, f32x4.mul(slope, f32x4.splat(scale)));
            }
          }
          packAllRows(packed, p, 4, BLOCK * 4, queries, keys);
          multiplyAll(packed, columnsD, queries, keys, headSize, sumsV, rowBytes, 1);
          packAllRows(packed, dS, 4, BLOCK * 4, queries, keys);
          multiplyAll(packed, columnsQ, queries, keys, headSize, sumsK, rowBytes, 1);
          packAllRows(packed, dS, BLOCK * 4, 4, keys, queries);
          multiplyAll(packed, rowsK, keys, queries, headSize, sumsQ + (member * blocks + block) * panel, rowBytes, 1);
        }
      }
      for (let j: usize = 0; j < keys; j++) {
        memory.copy(targetK + (key + j) * dKRow, sumsK + j * rowBytes, headBytes);
        memory.copy(targetV + (key + j) * dVRow, sumsV + j * rowBytes, headBytes);
      }
    }
    const dQRow = load<usize>(operands, 64);
    for (let member: usize = 0; member < group; member++) {
      const target = operandAt(operands, 5, sequence, (kvHead * group + member) * headBytes);
      for (let i: usize = 0; i < queryLength; i++) {
        memory.copy(target + i * dQRow, sumsQ + (member * blocks * BLOCK + i) * rowBytes, headBytes);
      }
    }
  }
}

// Operands are triples of 32-bit words in memory, since they are more than a command carries: address, row stride and batch stride of
// q, k, v, out, dOut, dQ, dK and dV.
// @ts-ignore: decorator
@inline
function operandAt(operands: usize, index: usize, sequence: usize, offset: usize): usize {
  const triple = operands + index * 12;
  return load<usize>(triple) + sequence * load<usize>(triple, 8) + offset;
}
