// Rows of a table by id, and the gradient of the table. Bound by memory.

// out[row] = table[ids[row]], NaN where the id lies outside of the table; item = row.
export function embedding(
  first: usize,
  last: usize,
  _scratch: usize,
  ids: usize,
  table: usize,
  out: usize,
  columns: usize,
  vocabSize: usize,
): void {
  for (let row = first; row < last; row++) {
    const id = <usize> load<u32>(ids + row * 4), target = out + row * columns * 4;
    if (id < vocabSize) {
      memory.copy(target, table + id * columns * 4, columns * 4);
    } else {
      for (let i: usize = 0; i < columns; i++) store<f32>(target + i * 4, NaN);
    }
  }
}

// dTable[id] += dOut[row] over rows in order. Item = column: each thread passes over all rows with its own columns, so
// that the order of additions is that of the rows and no two threads meet.
export function embeddingBackward(
  first: usize,
  last: usize,
  _scratch: usize,
  ids: usize,
  dOut: usize,
  dTable: usize,
  rows: usize,
  columns: usize,
  vocabSize: usize,
): void {
  const whole = first + ((last - first) & ~3);
  for (let row: usize = 0; row < rows; row++) {
    const id = <usize> load<u32>(ids + row * 4);
    if (id >= vocabSize) continue;
    const source = dOut + row * columns * 4, target = dTable + id * columns * 4;
    let column = first;
    for (; column < whole; column += 4) {
      const address = target + column * 4;
      v128.store(address, f32x4.add(v128.load(address), v128.load(source + column * 4)));
    }
    for (; column < last; column++) {
      const address = target + column * 4;
      store<f32>(address, load<f32>(address) + load<f32>(source + column * 4));
    }
  }
}
