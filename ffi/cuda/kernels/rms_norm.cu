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
      Packet x = load_packet(row + column), w = load_packet(weight + column);
      float result[PER_PACKET];
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) result[i] = to_float(x.at[i]) * inverse * to_float(w.at[i]);
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
      Packet left = load_packet(a + start + column), right = load_packet(b + start + column);
      float result[PER_PACKET];
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) result[i] = to_float(left.at[i]) + to_float(right.at[i]);
      store_packet(sum + start + column, result);
    }
  } else {
    for (int column = lane; column < columns; column += 32) {
      store(sum + start + column, to_float(a[start + column]) + to_float(b[start + column]));
    }
  }
  normalize(sum + start, weight, out + start, inverse_rms + row, columns, epsilon, aligned, lane);
}

// d_x = r w d_out - x r^3 mean(d_out w x), with r = inverse_rms; d_x may be d_out. A warp per row, and the rows that
// are as many warps further on; each warp sums d_out x r of its rows in shared memory, a lane the columns that it
// reads, and partial[blockIdx.x] gets the sum of the block. Where lanes read packets, the first elements of all packets
// lie before the second ones, and so on: neighbouring lanes add in neighbouring banks. Bound by memory.
extern "C" __global__ void rms_norm_backward(const element* x, const element* weight, const float* inverse_rms,
                                             const element* d_out, element* d_x, float* partial, int rows, int columns,
                                             int accumulate, int aligned) {
  int warp = threadIdx.x >> 5, warps = blockDim.x >> 5, lane = threadIdx.x & 31;
  int packets = columns / PER_PACKET;
  float* sums = (float*)shared_memory + warp * columns;
  for (int column = lane; column < columns; column += 32) sums[column] = 0.0f;
  __syncwarp();
  for (int row = blockIdx.x * warps + warp; row < rows; row += gridDim.x * warps) {
    const element* own_x = x + (long long)row * columns;
    const element* own_d_out = d_out + (long long)row * columns;
    element* own_d_x = d_x + (long long)row * columns;
    float dot = 0.0f;
    if (aligned) {
      for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
        Packet a = load_packet(own_x + column), w = load_packet(weight + column), d = load_packet(own_d_out + column);
#pragma unroll
        for (int i = 0; i < PER_PACKET; i++) dot += to_float(d.at[i]) * to_float(w.at[i]) * to_float(a.at[i]);
      }
    } else {
      for (int column = lane; column < columns; column += 32) {
        dot += to_float(own_d_out[column]) * to_float(weight[column]) * to_float(own_x[column]);
      }
    }
    float inverse = inverse_rms[row], common = warp_sum(dot) / columns * inverse * inverse * inverse;
    if (aligned) {
      for (int column = lane * PER_PACKET; column < columns; column += 32 * PER_PACKET) {
        Packet a = load_packet(own_x + column), w = load_packet(weight + column), d = load_packet(own_d_out + column);
        Packet before = accumulate ? load_packet(own_d_x + column) : d;
        float* first_sum = sums + column / PER_PACKET;
        float own_sums[PER_PACKET], result[PER_PACKET];
#pragma unroll
        for (int i = 0; i < PER_PACKET; i++) own_sums[i] = first_sum[i * packets];
#pragma unroll
        for (int i = 0; i < PER_PACKET; i++) {
          float normed = inverse * to_float(d.at[i]);
          first_sum[i * packets] = own_sums[i] + normed * to_float(a.at[i]);
          float gradient = to_float(w.at[i]) * normed - common * to_float(a.at[i]);
          result[i] = accumulate ? to_float(before.at[i]) + gradient : gradient;
        }
        store_packet(own_d_x + column, result);
      }
    } else {
      for (int column = lane; column < columns; column += 32) {
        float normed = inverse * to_float(own_d_out[column]), a = to_float(own_x[column]);
        sums[column] += normed * a;
        float gradient = to_float(weight[column]) * normed - common * a;
        store(own_d_x + column, accumulate ? to_float(own_d_x[column]) + gradient : gradient);
      }
    }
  }
  __syncthreads();
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    int place = aligned ? column % PER_PACKET * packets + column / PER_PACKET : column;
    float sum = 0.0f;
    for (int i = 0; i < warps; i++) sum += ((float*)shared_memory)[i * columns + place];
    partial[(long long)blockIdx.x * columns + column] = sum;
  }
}

// d_weight[column] = (or +=) the sum of its parts. 32 columns to a block, a thread per column and 32nd of the parts.
extern "C" __global__ void __launch_bounds__(1024)
rms_norm_backward_weight(const float* partial, int parts, void* d_weight, int d_weight_is_bf16, int columns,
                         int accumulate) {
  float* sums = (float*)shared_memory;
  int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, column = blockIdx.x * 32 + lane;
  float sum = 0.0f;
  if (column < columns) {
    for (int part = warp; part < parts; part += 32) sum += partial[(long long)part * columns + column];
  }
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (warp > 0 || column >= columns) return;
  float total = accumulate ? load_either(d_weight, d_weight_is_bf16, column) : 0.0f;
  for (int i = 0; i < 32; i++) total += sums[i * 32 + lane];
  store_either(d_weight, d_weight_is_bf16, column, total);
}
