// Attention for one query, as decoding has it: keys and values are read once, all heads of a position before the next
// position, and nothing is packed. Four positions are read side by side, each from its own quarter of the keys, as
// `matmulFewRows` reads rows and for the same reason; what they share is then loaded once. Strides are in bytes.

import { multiplyAdd } from "./fma";
import { log } from "./exp";
import { dot } from "./matmul";
import { sumLanes } from "./lanes";
import { exponentials, largest, multiplyRow } from "./softmax";

// Bytes of scratch that `attentionOneQuery` needs.
export function attentionOneQueryScratch(keyLength: usize, heads: usize): usize {
  return heads * keyLength * 4;
}

// out = softmax(scale q k^T) v over all keys, and logSumExp, with the arguments of `attention`. Item = one head of one
// sequence. Bound by memory.
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
  _causal: bool,
  mask: usize,
  maskBatch: usize,
): void {
  const headBytes = headSize * 4, scoreBytes = keyLength * 4;
  for (let item = first; item < last;) {
    const sequence = item / heads, head = item % heads, count = min(last - item, heads - head);
    const queries = q + sequence * qBatch + head * headBytes, target = out + sequence * outBatch + head * headBytes;
    const keys = k + sequence * kBatch, values = v + sequence * vBatch;
    const quarter: usize = headSize & 3 ? 0 : keyLength >> 2, far = quarter * kRow, farScore = quarter * 4;
    for (let j: usize = 0; j < quarter; j++) {
      for (let i: usize = 0; i < count; i++) {
        const key = keys + j * kRow + (head + i) * kvHeads / heads * headBytes;
        scoreFour(queries + i * headBytes, key, far, headSize, scale, scratch + i * scoreBytes + j * 4, farScore);
      }
    }
    for (let j: usize = 4 * quarter; j < keyLength; j++) {
      for (let i: usize = 0; i < count; i++) {
        const key = keys + j * kRow + (head + i) * kvHeads / heads * headBytes;
        store<f32>(scratch + i * scoreBytes + j * 4, scale * dot(queries + i * headBytes, key, headSize));
      }
    }
    if (mask != 0) {
      for (let j: usize = 0; j < keyLength; j++) {
        if (load<i32>(mask + sequence * maskBatch + j * 4) != 0) continue;
        for (let i: usize = 0; i < count; i++) store<f32>(scratch + i * scoreBytes + j * 4, -Infinity);
      }
    }
    for (let i: usize = 0; i < count; i++) {
      const scores = scratch + i * scoreBytes, shift = largest(scores, keyLength);
      // A query that sees nothing has a total of 0, and gets 0; one whose scores are NaN has a total of NaN.
      const total = exponentials(scores, scores, keyLength, shift == -Infinity ? 0 : shift);
      multiplyRow(scores, keyLength, total == 0 ? 0 : 1 / total);
      store<f32>(logSumExp + (item + i) * 4, <f32> (<f64> shift + log(total)));
    }
    memory.fill(target, 0, count * headBytes);
    for (let j: usize = 0; j < quarter; j++) {
      for (let i: usize = 0; i < count; i++) {
        const value = values + j * vRow + (head + i) * kvHeads / heads * headBytes;
        addFour(target + i * headBytes, value, quarter * vRow, headBytes, scratch + i * scoreBytes + j * 4, farScore);
      }
    }
    for (let j: usize = 4 * quarter; j < keyLength; j++) {
      for (let i: usize = 0; i < count; i++) {
        const value = values + j * vRow + (head + i) * kvHeads / heads * headBytes;
        addMultiple(target + i * headBytes, value, headSize, load<f32>(scratch + i * scoreBytes + j * 4));
      }
    }
    item += count;
  }
}

// The scaled products of a query with four keys, `far` bytes apart, to places `step` bytes apart. headSize is a
// multiple of 4.
// @ts-ignore: decorator
@inline
function scoreFour(q: usize, key0: usize, far: usize, headSize: usize, scale: f32, target: usize, step: usize): void {
  const end = q + headSize * 4;
  let key1 = key0 + far, key2 = key1 + far, key3 = key2 + far;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; q < end; q += 16, key0 += 16, key1 += 16, key2 += 16, key3 += 16) {
    const x = v128.load(q);
    s0 = multiplyAdd(x, v128.load(key0), s0);
    s1 = multiplyAdd(x, v128.load(key1), s1);
    s2 = multiplyAdd(x, v128.load(key2), s2);
    s3 = multiplyAdd(x, v128.load(key3), s3);
  }
  store<f32>(target, scale * sumLanes(s0));
  store<f32>(target + step, scale * sumLanes(s1));
  store<f32>(target + 2 * step, scale * sumLanes(s2));
  store<f32>(target + 3 * step, scale * sumLanes(s3));
}

// y += the sum of four values, `far` bytes apart, times their factors, `step` bytes apart. `bytes` is a multiple of 16.
// @ts-ignore: decorator
@inline
function addFour(y: usize, value0: usize, far: usize, bytes: usize, factors: usize, step: usize): void {
  const end = y + bytes;
  const f0 = v128.load32_splat(factors), f1 = v128.load32_splat(factors + step);
  const f2 = v128.load32_splat(factors + 2 * step), f3 = v128.load32_splat(factors + 3 * step);
  let value1 = value0 + far, value2 = value1 + far, value3 = value2 + far;
  for (; y < end; y += 16, value0 += 16, value1 += 16, value2 += 16, value3 += 16) {
    let sum = multiplyAdd(v128.load(value0), f0, v128.load(y));
    sum = multiplyAdd(v128.load(value1), f1, sum);
    sum = multiplyAdd(v128.load(value2), f2, sum);
    v128.store(y, multiplyAdd(v128.load(value3), f3, sum));
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
