// matmul: c = alpha op(a) op(b) + beta c for the shapes and alignments that cuBLASLt does not take. A block makes a
// tile of 64 x 64 from slices of 16 along k in shared memory; each of its 256 threads makes 4 x 4. Batch = blockIdx.z.

constexpr int MATMUL_TILE = 64;
constexpr int MATMUL_DEPTH = 16;

extern "C" __global__ void __launch_bounds__(256)
matmul(const element* a, const element* b, void* c, int c_is_bf16, int m, int n, int k, int transpose_a,
       int transpose_b, float alpha, float beta, long long stride_a, long long stride_b, long long stride_c,
       long long batch_stride_a, long long batch_stride_b, long long batch_stride_c) {
  // One more column than needed keeps the transposing stores off a common bank.
  float(*tile_a)[MATMUL_TILE + 1] = (float(*)[MATMUL_TILE + 1])shared_memory;
  float(*tile_b)[MATMUL_TILE + 1] = tile_a + MATMUL_DEPTH;
  a += blockIdx.z * batch_stride_a;
  b += blockIdx.z * batch_stride_b;
  long long start_c = blockIdx.z * batch_stride_c;
  int first_row = blockIdx.y * MATMUL_TILE, first_column = blockIdx.x * MATMUL_TILE;
  int thread_row = threadIdx.x / 16 * 4, thread_column = threadIdx.x % 16 * 4;
  float sums[4][4] = {};
  for (int depth = 0; depth < k; depth += MATMUL_DEPTH) {
    for (int i = threadIdx.x; i < MATMUL_TILE * MATMUL_DEPTH; i += 256) {
      // Neighbouring threads read neighbouring elements whichever way the operand lies.
      int x = transpose_a ? i % MATMUL_TILE : i / MATMUL_DEPTH, z = transpose_a ? i / MATMUL_TILE : i % MATMUL_DEPTH;
      int row = first_row + x, inner = depth + z;
      tile_a[z][x] = row < m && inner < k
                         ? to_float(a[transpose_a ? inner * stride_a + row : row * stride_a + inner])
                         : 0.0f;
      int y = transpose_b ? i / MATMUL_DEPTH : i % MATMUL_TILE, w = transpose_b ? i % MATMUL_DEPTH : i / MATMUL_TILE;
      int column = first_column + y, along = depth + w;
      tile_b[w][y] = column < n && along < k
                         ? to_float(b[transpose_b ? column * stride_b + along : along * stride_b + column])
                         : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int z = 0; z < MATMUL_DEPTH; z++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) sums[i][j] += tile_a[z][thread_row + i] * tile_b[z][thread_column + j];
      }
    }
    __syncthreads();
  }
  // Unrolled, so that the sums stay in registers.
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      int row = first_row + thread_row + i, column = first_column + thread_column + j;
      if (row >= m || column >= n) continue;
      long long index = start_c + row * stride_c + column;
      float before = beta == 0.0f ? 0.0f : beta * load_either(c, c_is_bf16, index);
      store_either(c, c_is_bf16, index, alpha * sums[i][j] + before);
    }
  }
}
