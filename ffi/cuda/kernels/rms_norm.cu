// rms_norm: out[row] = x[row] * inverse_rms[row] * weight, row = token, columns = d_model. One warp per row; each lane
// reads 16 bytes at a time where rows are aligned. Bound by memory: the second reading of a row comes from the cache.

__device__ __forceinline__ float sum_of_squares(const element* row, int columns, int aligned, int lane) {
  float sum = 0.0f;
  if (aligned) {
    for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
      Packet packet = load_packet(row + column);
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) sum += to_float(packet.at[i]) * to_float(packet.at[i]);
    }
  } else {
    for (int column = lane; column < columns; column += 32) sum += to_float(row[column]) * to_float(row[column]);
  }
  return warp_sum(sum);
}

__device__ __forceinline__ void normalize(const element* row, const element* weight, element* out, float* inverse_rms,
                                          int columns, float epsilon, int aligned, int lane) {
  float inverse = rsqrtf(sum_of_squares(row, columns, aligned, lane) / columns + epsilon);
  if (lane == 0) *inverse_rms = inverse;
  if (aligned) {
    for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
      Packet x = load_packet(row + column), w = load_packet(weight + column), result;
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) {
        result.at[i] = to_element(to_float(x.at[i]) * inverse * to_float(w.at[i]));
      }
      store_packet(out + column, result);
    }
  } else {
    for (int column = lane; column < columns; column += 32) {
      store(out + column, to_float(row[column]) * inverse * to_float(weight[column]));
    }
  }
}

extern "C" __global__ void rms_norm(const element* x, const element* weight, element* out, float* inverse_rms,
                                    int rows, int columns, float epsilon, int aligned) {
  int row = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5), lane = threadIdx.x & 31;
  if (row >= rows) return;
  long long start = (long long)row * columns;
  normalize(x + start, weight, out + start, inverse_rms + row, columns, epsilon, aligned, lane);
}

// sum = a + b first, as it is stored; sum may be a or b.
extern "C" __global__ void add_rms_norm(const element* a, const element* b, element* sum, const element* weight,
                                        element* out, float* inverse_rms, int rows, int columns, float epsilon,
                                        int aligned) {
  int row = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5), lane = threadIdx.x & 31;
  if (row >= rows) return;
  long long start = (long long)row * columns;
  // A lane reads back only what it wrote itself.
  if (aligned) {
    for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
      Packet left = load_packet(a + start + column), right = load_packet(b + start + column), result;
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) result.at[i] = to_element(to_float(left.at[i]) + to_float(right.at[i]));
      store_packet(sum + start + column, result);
    }
  } else {
    for (int column = lane; column < columns; column += 32) {
      store(sum + start + column, to_float(a[start + column]) + to_float(b[start + column]));
    }
  }
  normalize(sum + start, weight, out + start, inverse_rms + row, columns, epsilon, aligned, lane);
}

// d_weight[column] = sum over rows of d_out * x * inverse_rms: partial[part][column] sums a part of the rows, part =
// blockIdx.y, a thread per column; rms_norm_backward_weight then sums the parts.
extern "C" __global__ void rms_norm_backward_weight_part(const element* x, const float* inverse_rms,
                                                         const element* d_out, float* partial, int rows, int columns,
                                                         int rows_per_part) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (column >= columns) return;
  int first = blockIdx.y * rows_per_part, last = first + rows_per_part < rows ? first + rows_per_part : rows;
  float sum = 0.0f;
#pragma unroll 4
  for (int row = first; row < last; row++) {
    long long index = (long long)row * columns + column;
    sum += to_float(d_out[index]) * to_float(x[index]) * inverse_rms[row];
  }
  partial[(long long)blockIdx.y * columns + column] = sum;
}

extern "C" __global__ void rms_norm_backward_weight(const float* partial, int parts, void* d_weight,
                                                    int d_weight_is_bf16, int columns, int accumulate) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (column >= columns) return;
  float sum = accumulate ? load_either(d_weight, d_weight_is_bf16, column) : 0.0f;
  for (int part = 0; part < parts; part++) sum += partial[(long long)part * columns + column];
  store_either(d_weight, d_weight_is_bf16, column, sum);
}

// d_x = r w d_out - x r^3 mean(d_out w x), with r = inverse_rms; d_x may be d_out. One warp per row.
extern "C" __global__ void rms_norm_backward(const element* x, const element* weight, const float* inverse_rms,
                                             const element* d_out, element* d_x, int rows, int columns, int accumulate,
                                             int aligned) {
  int row = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5), lane = threadIdx.x & 31;
  if (row >= rows) return;
  long long start = (long long)row * columns;
  x += start;
  d_out += start;
  d_x += start;
  float dot = 0.0f;
  if (aligned) {
    for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
      Packet a = load_packet(x + column), w = load_packet(weight + column), d = load_packet(d_out + column);
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) dot += to_float(d.at[i]) * to_float(w.at[i]) * to_float(a.at[i]);
    }
  } else {
    for (int column = lane; column < columns; column += 32) {
      dot += to_float(d_out[column]) * to_float(weight[column]) * to_float(x[column]);
    }
  }
  float inverse = inverse_rms[row], common = warp_sum(dot) / columns * inverse * inverse * inverse;
  if (aligned) {
    for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
      Packet a = load_packet(x + column), w = load_packet(weight + column), d = load_packet(d_out + column), result;
      Packet before = accumulate ? load_packet(d_x + column) : d;
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) {
        float gradient = inverse * to_float(w.at[i]) * to_float(d.at[i]) - common * to_float(a.at[i]);
        result.at[i] = to_element(accumulate ? to_float(before.at[i]) + gradient : gradient);
      }
      store_packet(d_x + column, result);
    }
  } else {
    for (int column = lane; column < columns; column += 32) {
      float gradient = inverse * to_float(weight[column]) * to_float(d_out[column]) - common * to_float(x[column]);
      store(d_x + column, accumulate ? to_float(d_x[column]) + gradient : gradient);
    }
  }
}
