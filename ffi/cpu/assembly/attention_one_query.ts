// Attention for one query, as decoding has it: keys and values are read once, in the order in which they lie,
// all heads of a position before the next position, and nothing is packed. Strides are in bytes.

import { multiplyAdd } from "./fma";
import { log } from "./exp";
import { dot } from "./matmul";
import { exponentials, largest, multiplyRow } from "./softmax";

// Bytes of scratch that `attentionOneQuery` needs.
export function attentionOneQueryScratch(keyLength: usize, heads: usize): usize {
  return heads * keyLength * 4;
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
  const headBytes = headSize * 4, scoreBytes = keyLength * 4;
  for (let item = first; item < last;) {
    const sequence = item / heads, head = item % heads, count = min(last - item, heads - head);
    const queries = q + sequence * qBatch + head * headBytes, target = out + sequence * outBatch + head * headBytes;
    let row = k + sequence * kBatch;
    for (let j: usize = 0; j < keyLength; j++, row += kRow) {
      for (let i: usize = 0; i < count; i++) {
        const key = row + (head + i) * kvHeads / heads * headBytes;
        store<f32>(scratch + i * scoreBytes + j * 4, scale * dot(queries + i * headBytes, key, headSize));
      }
    }
    for (let i: usize = 0; i < count; i++) {
      const scores = scratch + i * scoreBytes, shift = largest(scores, keyLength);
      const total = exponentials(scores, scores, keyLength, shift);
      multiplyRow(scores, keyLength, 1 / total);
      store<f32>(logSumExp + (item + i) * 4, <f32> (<f64> shift + log(total)));
    }
    memory.fill(target, 0, count * headBytes);
    row = v + sequence * vBatch;
    for (let j: usize = 0; j < keyLength; j++, row += vRow) {
      for (let i: usize = 0; i < count; i++) {
        const value = row + (head + i) * kvHeads / heads * headBytes;
        addMultiple(target + i * headBytes, value, headSize, load<f32>(scratch + i * scoreBytes + j * 4));
      }
    }
    item += count;
  }
}

// y += factor * x
// @ts-ignore: decorator
@inline
function addMultiple(y: usize, x: usize, length: usize, factor: f32): void {
  const factors = f32x4.splat(factor), whole = y + (length & ~3) * 4, end = y + length * 4;
  for (; y < whole; x += 16, y += 16) v128.store(y, multiplyAdd(v128.load(x), factors, v128.load(y)));
  for (; y < end; x += 4, y += 4) store<f32>(y, load<f32>(y) + factor * load<f32>(x));
}
