// Gradients of softmax attention, in blocks as the forward pass and from the same parts. Scores are held query by key
// here, a panel of 8 keys at a time, so that two of the three products that follow read them as packed operands as they
// stand. Strides are in bytes.

import { attentionBlocks } from "./attention";
import {
  BLOCK,
  hideLanes,
  hideMasked,
  multiplyRows,
  packAllColumns,
  packAllRows,
  PANEL_ROW,
  wholeColumns,
  wholeRows,
} from "./attention_blocks";
import { exp } from "./exp";
import { multiplyAdd } from "./fma";
import { MR, multiplyPanels, NR, packRows, unpackColumns } from "./panels";

// Bytes of scratch that `attentionBackward` needs.
export function attentionBackwardScratch(headSize: usize, queryLength: usize, group: usize): usize {
  const rows = wholeRows(headSize), columns = wholeColumns(headSize), queries = attentionBlocks(queryLength) * BLOCK;
  const packed = 4 * headSize + 4 * rows + columns + 2 * NR + BLOCK;
  return (BLOCK * packed + group * queries * (columns + 1)) * 4;
}

// dQ, dK and dV from dOut, out and logSumExp. Item = one key and value head of one sequence, with the query heads that
// share it, so that no two threads add to one gradient. For each block of keys, for each query head and block of
// queries that sees it, with P and dS [queries][8] for 8 keys at a time: P = exp(scale q k^T - logSumExp); dS = P *
// (dOut v^T - sum(dOut * out)) * scale; dV^T += dOut^T P; dK^T += q^T dS; then dQ += dS k for all keys of the block.
// Bound by the multipliers.
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
  const headBytes = headSize * 4, rowsBytes = wholeRows(headSize) * 4, columnsBytes = wholeColumns(headSize) * 4;
  const group = heads / kvHeads, blocks = attentionBlocks(queryLength), ahead = keyLength - queryLength;
  // Operands of the scores, and the same transposed for the products with their gradients.
  const columnsK = scratch, columnsV = columnsK + BLOCK * headBytes;
  const rowsQ = columnsV + BLOCK * headBytes, rowsD = rowsQ + BLOCK * headBytes;
  const transposedQ = rowsD + BLOCK * headBytes, transposedD = transposedQ + BLOCK * rowsBytes;
  const transposedK = transposedD + BLOCK * rowsBytes;
  const sumsK = transposedK + BLOCK * columnsBytes, sumsV = sumsK + BLOCK * rowsBytes;
  const p = sumsV + BLOCK * rowsBytes, dS = p + BLOCK * PANEL_ROW, rowsS = dS + BLOCK * PANEL_ROW;
  const sumsQ = rowsS + BLOCK * BLOCK * 4, deltas = sumsQ + group * blocks * BLOCK * columnsBytes;
  for (let item = first; item < last; item++) {
    const sequence = item / kvHeads, kvHead = item % kvHeads;
    const sourceK = operandAt(operands, 1, sequence, kvHead * headBytes), kRow = strideOf(operands, 1);
    const sourceV = operandAt(operands, 2, sequence, kvHead * headBytes), vRow = strideOf(operands, 2);
    const targetK = operandAt(operands, 6, sequence, kvHead * headBytes), dKRow = strideOf(operands, 6);
    const targetV = operandAt(operands, 7, sequence, kvHead * headBytes), dVRow = strideOf(operands, 7);
    const qRow = strideOf(operands, 0), outRow = strideOf(operands, 3), dRow = strideOf(operands, 4);
    memory.fill(sumsQ, 0, group * blocks * BLOCK * columnsBytes);
    for (let member: usize = 0; member < group; member++) {
      const offset = (kvHead * group + member) * headBytes;
      const out = operandAt(operands, 3, sequence, offset), dOut = operandAt(operands, 4, sequence, offset);
      sumProducts(deltas + member * blocks * BLOCK * 4, out, outRow, dOut, dRow, headSize, queryLength, rowsQ, rowsD);
    }
    for (let key: usize = 0; key < keyLength; key += BLOCK) {
      const keys = min(BLOCK, keyLength - key);
      packAllColumns(columnsK, sourceK + key * kRow, 4, kRow, headSize, keys);
      packAllColumns(columnsV, sourceV + key * vRow, 4, vRow, headSize, keys);
      packAllColumns(transposedK, sourceK + key * kRow, kRow, 4, keys, headSize);
      memory.fill(sumsK, 0, BLOCK * rowsBytes);
      memory.fill(sumsV, 0, BLOCK * rowsBytes);
      for (let member: usize = 0; member < group; member++) {
        const head = kvHead * group + member;
        const sourceQ = operandAt(operands, 0, sequence, head * headBytes);
        const sourceD = operandAt(operands, 4, sequence, head * headBytes);
        const logs = logSumExp + (sequence * heads + head) * queryLength * 4;
        // The first query that sees key `key` is `key - ahead`.
        const firstBlock = causal && key > ahead ? (key - ahead) / BLOCK : 0;
        for (let block = firstBlock; block < blocks; block++) {
          const query = block * BLOCK, queries = min(BLOCK, queryLength - query);
          const place = member * blocks * BLOCK + query;
          packAllRows(rowsQ, sourceQ + query * qRow, qRow, 4, headSize, queries);
          packAllRows(rowsD, sourceD + query * dRow, dRow, 4, headSize, queries);
          packAllRows(transposedQ, sourceQ + query * qRow, 4, qRow, queries, headSize);
          packAllRows(transposedD, sourceD + query * dRow, 4, dRow, queries, headSize);
          for (let panel: usize = 0; panel < keys; panel += NR) {
            // How many keys, of the panel on, query i sees more than i.
            const more = <isize> (ahead + query + 1) - <isize> (key + panel);
            // The panel of queries in which someone sees a key, on which all begins.
            const from: usize = causal && more <= 0 ? <usize> (1 - more) / MR * MR : 0;
            if (from >= queries) break;
            const step = MR * headBytes, skipped = from * headBytes, rows = queries - from;
            const columnK = columnsK + panel * headBytes, columnV = columnsV + panel * headBytes;
            const panelP = p + from * PANEL_ROW, panelS = dS + from * PANEL_ROW;
            multiplyRows(rowsQ + skipped, step, columnK, headSize, panelP, rows, scale, 0);
            multiplyRows(rowsD + skipped, step, columnV, headSize, panelS, rows, 1, 0);
            if (causal) {
              for (let i = from; i < queries; i++) {
                const visible = more + <isize> i;
                if (visible >= <isize> NR) break;
                hideLanes(p + i * PANEL_ROW, visible, true);
              }
            }
            if (mask != 0) {
              const maskRow = mask + sequence * maskBatch + ((query + from) * keyLength + key + panel) * 4;
              hideMasked(panelP, PANEL_ROW, 4, rows, min(NR, keys - panel), maskRow, keyLength * 4);
            }
            differentiate(panelP, panelS, rows, logs + (query + from) * 4, deltas + (place + from) * 4, scale);
            const stepT = MR * queries * 4, skippedT = from * MR * 4, sum = panel * rowsBytes;
            multiplyRows(transposedD + skippedT, stepT, panelP, rows, sumsV + sum, headSize, 1, 1);
            multiplyRows(transposedQ + skippedT, stepT, panelS, rows, sumsK + sum, headSize, 1, 1);
            for (let i = from; i < queries; i += MR) {
              const target = rowsS + (i * BLOCK + panel * MR) * 4;
              packRows(target, dS + i * PANEL_ROW, PANEL_ROW, 4, NR, min(MR, queries - i));
            }
          }
          for (let i: usize = 0; i < queries; i += MR) {
            // The keys of whole panels that the last query of these sees.
            const visible = <isize> (ahead + query + i + MR) - <isize> key;
            const seen = causal ? min(<isize> keys, (visible + <isize> NR - 1) & ~(<isize> NR - 1)) : <isize> keys;
            if (seen <= 0) continue;
            const target = sumsQ + (place + i) * columnsBytes;
            for (let j: usize = 0; j < headSize; j += NR) {
              const columnK = transposedK + j * keys * 4;
              multiplyPanels(rowsS + i * BLOCK * 4, columnK, seen, target + j * 4, columnsBytes, 1, 1);
            }
          }
        }
      }
      for (let panel: usize = 0; panel < keys; panel += NR) {
        const count = min(NR, keys - panel), row = key + panel;
        unpackColumns(targetK + row * dKRow, dKRow, sumsK + panel * rowsBytes, headSize, count);
        unpackColumns(targetV + row * dVRow, dVRow, sumsV + panel * rowsBytes, headSize, count);
      }
    }
    const dQRow = strideOf(operands, 5);
    for (let member: usize = 0; member < group; member++) {
      const target = operandAt(operands, 5, sequence, (kvHead * group + member) * headBytes);
      for (let i: usize = 0; i < queryLength; i++) {
        memory.copy(target + i * dQRow, sumsQ + (member * blocks * BLOCK + i) * columnsBytes, headBytes);
      }
    }
  }
}

// sum(dOut * out) of every query, added up in the order of the product dOut v^T: where one key has all the weight, out
// is its value, and the gradient of its score is then 0 and no rounding error, which large queries and keys would
// multiply. Panels are scratch for 6 rows each.
function sumProducts(
  sums: usize,
  out: usize,
  outRow: usize,
  dOut: usize,
  dRow: usize,
  headSize: usize,
  queries: usize,
  panelO: usize,
  panelD: usize,
): void {
  for (let i: usize = 0; i < queries; i += MR, sums += MR * 4) {
    packRows(panelO, out + i * outRow, outRow, 4, headSize, min(MR, queries - i));
    packRows(panelD, dOut + i * dRow, dRow, 4, headSize, min(MR, queries - i));
    let low = f32x4.splat(0), high = low;
    for (let at: usize = 0; at < headSize * MR * 4; at += MR * 4) {
      low = multiplyAdd(v128.load(panelD + at), v128.load(panelO + at), low);
      high = multiplyAdd(v128.load64_zero(panelD + at, 16), v128.load64_zero(panelO + at, 16), high);
    }
    v128.store(sums, low);
    v128.store64_lane(sums, high, 0, 16);
  }
}

// Scores [queries][8] become P, and gradients of P in dS those of the scores.
function differentiate(p: usize, dS: usize, queries: usize, logs: usize, deltas: usize, scale: f32): void {
  const scales = f32x4.splat(scale);
  for (const end = p + queries * PANEL_ROW; p < end; p += PANEL_ROW, dS += PANEL_ROW, logs += 4, deltas += 4) {
    // A query that sees nothing has scores of -Infinity: P shall be 0, not the exponential of -Infinity + Infinity.
    const total = load<f32>(logs), shift = f32x4.splat(total == -Infinity ? 0 : total);
    const delta = v128.load32_splat(deltas);
    const p0 = exp(f32x4.sub(v128.load(p), shift)), p1 = exp(f32x4.sub(v128.load(p, 16), shift));
    v128.store(p, p0);
    v128.store(p, p1, 16);
    v128.store(dS, f32x4.mul(f32x4.mul(p0, f32x4.sub(v128.load(dS), delta)), scales));
    v128.store(dS, f32x4.mul(f32x4.mul(p1, f32x4.sub(v128.load(dS, 16), delta)), scales), 16);
  }
}

// Operands are triples of 32-bit words in memory, since they are more than a command carries: address, row stride and
// batch stride of q, k, v, out, dOut, dQ, dK and dV.
// @ts-ignore: decorator
@inline
function operandAt(operands: usize, index: usize, sequence: usize, offset: usize): usize {
  const triple = operands + index * 12;
  return load<usize>(triple) + sequence * load<usize>(triple, 8) + offset;
}

// @ts-ignore: decorator
@inline
function strideOf(operands: usize, index: usize): usize {
  return load<usize>(operands + index * 12, 4);
}
