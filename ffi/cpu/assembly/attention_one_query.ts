// Attention for one query, as decoding has it: keys and values are read once, where they lie, and nothing is packed. Strides are in bytes.

import { multiplyAdd } from "./fma";
import { log } from "./exp";
import { dot } from "./matmul";
import { exponentials, largest } from "./softmax";

// Bytes of scratch that `attentionOneQuery` needs.
export function attentionOneQueryScratch(keyLength: usize): usize {
  return (keyLength + 4) * 4;
}

// out = softmax(scale q k^T) v over all keys, and logSumExp, with the arguments of `attention`. Item = one head of one sequence. Bound by
// memory.
export function attentionOneQuery(
  first: usize,
  last: usize,
  scratch: usize,
  q: usize,
  _qRow: usize,
  qBatch: usize,
  k: usize,
  kRow: usize,
  kBatch: usize,
  v: usize,
  vRow: usize,
  vBatch: usize,
  out: usize,
  _outRow: usize,
  outBatch: usize,
  logSumExp: usize,
  _queryLength: usize,
  keyLength: usize,
  heads: usize,
  kvHeads: usize,
  headSize: usize,
  scale: f32,
): void {
  for (let item = first; item < last; item++) {
    const sequence = item / heads, head = item % heads, offset = head * kvHeads / heads * headSize * 4;
    const query = q + sequence * qBatch + head * headSize * 4;
    const keys = k + sequence * kBatch + offset, values = v + sequence * vBatch + offset;
    for (let j: usize = 0; j < keyLength; j++) {
      store<f32>(scratch + j * 4, scale * dot(query, keys + j * kRow, headSize));
    }
    const shift = largest(scratch, keyLength);
    const total = exponentials(scratch, scratch, keyLength, shift);
    addRows(out + sequence * outBatch + head * headSize * 4, scratch, values, vRow, keyLength, headSize, 1 / total);
    store<f32>(logSumExp + item * 4, <f32> (<f64> shift + log(total)));
  }
}

// out [columns] = factor * the sum of rows of v, each times its p. Sixteen columns are added up at a time.
function addRows(
  out: usize,
  p: usize,
  v: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  factor: f32,
): void {
  const factors = f32x4.splat(factor), end = p + rows * 4;
  let column: usize = 0;
  for (; column + 16 <= columns; column += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, row = v + column * 4;
    for (let i = p; i < end; i += 4, row += stride) {
      const weight = v128.load32_splat(i);
      s0 = multiplyAdd(weight, v128.load(row), s0);
      s1 = multiplyAdd(weight, v128.load(row, 16), s1);
      s2 = multiplyAdd(weight, v128.load(row, 32), s2);
      s3 = multiplyAdd(weight, v128.load(row, 48), s3);
    }
    const target = out + column * 4;
    v128.store(target, f32x4.mul(s0, factors));
    v128.store(target, f32x4.mul(s1, factors), 16);
    v128.store(target, f32x4.mul(s2, factors), 32);
    v128.store(target, f32x4.mul(s3, factors), 48);
  }
  for (; column < columns; column++) {
    let sum: f32 = 0, row = v + column * 4;
    for (let i = p; i < end; i += 4, row += stride) sum += load<f32>(i) * load<f32>(row);
    store<f32>(out + column * 4, sum * factor);
  }
}
