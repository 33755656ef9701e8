// Element by element: sums, products, multiples, constants, copies. Item = element, so a chunk is a range of elements.
// Each reads its inputs once and writes its output once: bound by memory.

import { multiplyAdd } from "./fma";
import { loadPart, storePart } from "./lanes";

// out = a + b
export function add(first: usize, last: usize, _scratch: usize, a: usize, b: usize, out: usize): void {
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    v128.store(out + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  }
  for (const end = last * 4; i < end; i += 4) store<f32>(out + i, load<f32>(a + i) + load<f32>(b + i));
}

// out = a * b
export function mul(first: usize, last: usize, _scratch: usize, a: usize, b: usize, out: usize): void {
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    v128.store(out + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
  }
  for (const end = last * 4; i < end; i += 4) store<f32>(out + i, load<f32>(a + i) * load<f32>(b + i));
}

// out = factor * x, or the float at factorAddress times x if that is not 0
export function scale(
  first: usize,
  last: usize,
  _scratch: usize,
  x: usize,
  out: usize,
  factor: f32,
  factorAddress: usize,
): void {
  if (factorAddress != 0) factor = load<f32>(factorAddress);
  const factors = f32x4.splat(factor);
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    v128.store(out + i, f32x4.mul(v128.load(x + i), factors));
  }
  for (const end = last * 4; i < end; i += 4) store<f32>(out + i, load<f32>(x + i) * factor);
}

// y += factor * x
export function axpy(first: usize, last: usize, _scratch: usize, x: usize, y: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    v128.store(y + i, multiplyAdd(v128.load(x + i), factors, v128.load(y + i)));
  }
  const rest = last * 4 - i;
  if (rest > 0) storePart(y + i, multiplyAdd(loadPart(x + i, rest / 4), factors, loadPart(y + i, rest / 4)), rest / 4);
}

// Elements of any 4-byte type.
export function copy(first: usize, last: usize, _scratch: usize, source: usize, destination: usize): void {
  memory.copy(destination + first * 4, source + first * 4, (last - first) * 4);
}

// x = the 32 bits of value
export function fill(first: usize, last: usize, _scratch: usize, x: usize, value: i32): void {
  const values = i32x4.splat(value);
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) v128.store(x + i, values);
  for (const end = last * 4; i < end; i += 4) store<i32>(x + i, value);
}

// Rows of `columns` 4-byte elements from matrix to matrix; item = row. `positions` is 0, or says where in the
// destination matrix a row belongs; a position outside of it is passed over. Strides are in bytes.
export function copyRows(
  first: usize,
  last: usize,
  _scratch: usize,
  source: usize,
  destination: usize,
  positions: usize,
  rows: usize,
  columns: usize,
  sourceStride: usize,
  sourceBatchStride: usize,
  destinationRows: usize,
  destinationStride: usize,
  destinationBatchStride: usize,
): void {
  for (let item = first; item < last; item++) {
    const matrix = item / rows, row = item % rows;
    const position = positions == 0 ? row : <usize> load<u32>(positions + row * 4);
    if (position >= destinationRows) continue;
    memory.copy(
      destination + matrix * destinationBatchStride + position * destinationStride,
      source + matrix * sourceBatchStride + row * sourceStride,
      columns * 4,
    );
  }
}
