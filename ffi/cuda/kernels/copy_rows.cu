// copy_rows: row (b, r) of `columns` units goes to row positions[r] (r without positions) of the destination; a
// position outside of it is passed over. Row blockIdx.x of all batches; a thread takes one unit of 2, 4 or 16 bytes of
// it; strides are in units. Bound by memory.

struct alignas(16) SixteenBytes {
  u64 at[2];
};

template <class Unit>
__device__ __forceinline__ void copy_units(const Unit* source, Unit* destination, const int* positions, int rows,
                                           int columns, long long source_stride, long long source_batch_stride,
                                           int destination_rows, long long destination_stride,
                                           long long destination_batch_stride) {
  int column = item_of_row(), b = blockIdx.x / rows, row = blockIdx.x % rows;
  if (column >= columns) return;
  int position = positions ? positions[row] : row;
  if (position < 0 || position >= destination_rows) return;
  destination[b * destination_batch_stride + position * destination_stride + column] =
      source[b * source_batch_stride + row * source_stride + column];
}

extern "C" __global__ void copy_rows_2(const u16* source, u16* destination, const int* positions, int rows,
                                       int columns, long long source_stride, long long source_batch_stride,
                                       int destination_rows, long long destination_stride,
                                       long long destination_batch_stride) {
  copy_units(source, destination, positions, rows, columns, source_stride, source_batch_stride, destination_rows,
             destination_stride, destination_batch_stride);
}

extern "C" __global__ void copy_rows_4(const u32* source, u32* destination, const int* positions, int rows,
                                       int columns, long long source_stride, long long source_batch_stride,
                                       int destination_rows, long long destination_stride,
                                       long long destination_batch_stride) {
  copy_units(source, destination, positions, rows, columns, source_stride, source_batch_stride, destination_rows,
             destination_stride, destination_batch_stride);
}

extern "C" __global__ void copy_rows_16(const SixteenBytes* source, SixteenBytes* destination, const int* positions,
                                        int rows, int columns, long long source_stride, long long source_batch_stride,
                                        int destination_rows, long long destination_stride,
                                        long long destination_batch_stride) {
  copy_units(source, destination, positions, rows, columns, source_stride, source_batch_stride, destination_rows,
             destination_stride, destination_batch_stride);
}
