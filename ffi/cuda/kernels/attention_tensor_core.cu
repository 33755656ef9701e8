// Attention by bfloat16 products on tensor cores, sums and softmax in float (Dao, 2023), for heads of 32, 64 and 128
// whose rows start at multiples of 16 bytes, without a mask. 128 threads; a warp takes 16 rows of the block's 64. Keys
// and values pass through shared memory, whose rows are 16 bytes longer than a head so that the eight rows which one
// ldmatrix reads lie in different banks. The scores stay in registers: the layout in which a product leaves them is the
// one in which the next takes its left operand. Bound by arithmetic on tensor cores.
//
// The backward pass is two kernels, as in attention_plain.cu; the one for keys computes the transposed scores, so that
// there too nothing has to be transposed through memory.

constexpr int BLOCK_ROWS = 64;
// Keys (or queries) that the backward kernels take at a time.
constexpr int BACKWARD_ROWS = 32;
constexpr float LOG2_E = 1.4426950408889634f;
constexpr float LN_2 = 0.6931471805599453f;

// Begins to copy `ROWS` rows of a head to shared memory, zeros beyond `length`.
template <int D, int ROWS>
__device__ __forceinline__ void copy_rows(bf16* tile, const element* operand, long long row_stride, int first,
                                          int length) {
  constexpr int PER_ROW = D / 8;
  for (int i = threadIdx.x; i < ROWS * PER_ROW; i += 128) {
    int row = i / PER_ROW, column = i % PER_ROW * 8;
    bool valid = first + row < length;
    copy_async_16(tile + row * (D + 8) + column, operand + (valid ? (first + row) * row_stride : 0) + column, valid);
  }
}

// 16 rows of a tile as the left operand, columns from 16 step on.
template <int D>
__device__ __forceinline__ void load_left(u32 (&a)[4], const bf16* tile, int first_row, int step, int lane) {
  load_matrices_x4(a, tile + (first_row + lane % 16) * (D + 8) + step * 16 + lane / 16 * 8);
}

// even, odd += a times 16 rows of a tile, transposed: scores of 16 rows against rows.
template <int D>
__device__ __forceinline__ void multiply_transposed(float (&even)[4], float (&odd)[4], const u32 (&a)[4],
                                                    const bf16* tile, int first_row, int step, int lane) {
  u32 b[4];
  load_matrices_x4(b, tile + (first_row + lane % 8 + lane / 16 * 8) * (D + 8) + step * 16 + lane / 8 % 2 * 8);
  u32 lower[2] = {b[0], b[1]}, upper[2] = {b[2], b[3]};
  mma_m16n8k16(even, a, lower);
  mma_m16n8k16(odd, a, upper);
}

// sums += a times 16 rows of a tile: weights times values.
template <int D>
__device__ __forceinline__ void multiply(float (&sums)[D / 8][4], const u32 (&a)[4], const bf16* tile, int first_row,
                                         int lane) {
#pragma unroll
  for (int n = 0; n < D / 16; n++) {
    u32 b[4];
    load_matrices_x4_transposed(b, tile + (first_row + lane % 8 + lane / 8 % 2 * 8) * (D + 8) + n * 16 + lane / 16 * 8);
    u32 lower[2] = {b[0], b[1]}, upper[2] = {b[2], b[3]};
    mma_m16n8k16(sums[2 * n], a, lower);
    mma_m16n8k16(sums[2 * n + 1], a, upper);
  }
}

// Two neighbouring results of 16 x 8 as a left operand of 16 x 16.
__device__ __forceinline__ void as_left(u32 (&a)[4], const float (&even)[4], const float (&odd)[4]) {
  a[0] = pack_bf16(even[0], even[1]);
  a[1] = pack_bf16(even[2], even[3]);
  a[2] = pack_bf16(odd[0], odd[1]);
  a[3] = pack_bf16(odd[2], odd[3]);
}

__device__ __forceinline__ float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}

__device__ __forceinline__ float quad_sum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

// Writes 16 rows times their factors; a lane holds rows lane / 4 and lane / 4 + 8.
template <int D>
__device__ __forceinline__ void store_products(element* to, long long row_stride, int first, int length, int lane,
                                               const float (&sums)[D / 8][4], float upper, float lower) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int row = first + lane / 4 + 8 * half;
    float factor = half ? lower : upper;
    if (row >= length) continue;
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
      *(u32*)(to + row * row_stride + n * 8 + lane % 4 * 2) =
          pack_bf16(factor * sums[n][2 * half], factor * sums[n][2 * half + 1]);
    }
  }
}

// Whether a query sees a key; these kernels know no mask. A query within its length sees at least one.
__device__ __forceinline__ bool pair_sees(const AttentionParameters& p, int query, int key) {
  return query < p.query_length && key < p.key_length &&
         (!p.causal || key <= query + p.key_length - p.query_length);
}

// values[row][column] becomes `hidden` where query and key do not see each other, for COLUMNS columns from `tile` on. Rows
// are queries and columns keys, or the other way round. Most tiles are seen whole; only those on the diagonal and at the
// ends are looked at one by one.
template <int COLUMNS, bool ROWS_ARE_KEYS>
__device__ __forceinline__ void hide_unseen(float (&values)[COLUMNS / 8][4], float hidden, const AttentionParameters& p,
                                            int first, int own, int tile, int lane) {
  if (ROWS_ARE_KEYS ? all_see(p, tile, COLUMNS, first, BLOCK_ROWS) : all_see(p, first, BLOCK_ROWS, tile, COLUMNS)) return;
#pragma unroll
  for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int row = first + own + lane / 4 + i / 2 * 8, column = tile + n * 8 + lane % 4 * 2 + i % 2;
      if (!(ROWS_ARE_KEYS ? pair_sees(p, column, row) : pair_sees(p, row, column))) values[n][i] = hidden;
    }
  }
}

template <int D>
__device__ __forceinline__ void forward_tensor_core(const AttentionParameters& p) {
  int lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * 16;
  int first = query_tile(p) * BLOCK_ROWS, head = blockIdx.y, batch = blockIdx.z;
  int kv_head = head / (p.num_heads / p.num_kv_heads);
  bf16* queries = (bf16*)shared_memory;
  bf16* keys = queries + BLOCK_ROWS * (D + 8);
  bf16* values = keys + BLOCK_ROWS * (D + 8);
  const element* k = p.k + batch * p.k_batch + kv_head * D;
  const element* v = p.v + batch * p.v_batch + kv_head * D;
  copy_rows<D, BLOCK_ROWS>(queries, p.q + batch * p.q_batch + head * D, p.q_row, first, p.query_length);
  copy_rows<D, BLOCK_ROWS>(keys, k, p.k_row, 0, p.key_length);
  copy_async_commit();

  u32 left[D / 16][4];
  float sums[D / 8][4] = {};
  // In units of log 2, as exp2 is what the hardware computes.
  float scale = p.scale * LOG2_E, maximum[2] = {LOWEST, LOWEST}, total[2] = {0.0f, 0.0f};
  int end = keys_seen(p, first + BLOCK_ROWS);
  for (int tile = 0; tile < end; tile += BLOCK_ROWS) {
    copy_async_wait<0>();
    __syncthreads();  // The keys are there, and nobody reads the values of the last round any more.
    copy_rows<D, BLOCK_ROWS>(values, v, p.v_row, tile, p.key_length);
    copy_async_commit();
    if (tile == 0) {
#pragma unroll
      for (int step = 0; step < D / 16; step++) load_left<D>(left[step], queries, own, step, lane);
    }
    float scores[BLOCK_ROWS / 8][4] = {};
#pragma unroll
    for (int step = 0; step < D / 16; step++) {
#pragma unroll
      for (int n = 0; n < BLOCK_ROWS / 16; n++) {
        multiply_transposed<D>(scores[2 * n], scores[2 * n + 1], left[step], keys, n * 16, step, lane);
      }
    }
#pragma unroll
    for (int n = 0; n < BLOCK_ROWS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) scores[n][i] *= scale;
    }
    hide_unseen<BLOCK_ROWS, false>(scores, LOWEST, p, first, own, tile, lane);
    float largest[2] = {LOWEST, LOWEST};
#pragma unroll
    for (int n = 0; n < BLOCK_ROWS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) largest[i / 2] = fmaxf(largest[i / 2], scores[n][i]);
    }
    float correction[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float before = maximum[half];
      maximum[half] = fmaxf(before, quad_max(largest[half]));
      correction[half] = fast_exp2(before - maximum[half]);
      total[half] *= correction[half];
    }
#pragma unroll
    for (int n = 0; n < BLOCK_ROWS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scores[n][i] = fast_exp2(scores[n][i] - maximum[i / 2]);
        total[i / 2] += scores[n][i];
      }
    }
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) sums[n][i] *= correction[i / 2];
    }
    copy_async_wait<0>();
    __syncthreads();  // The values are there, and nobody reads the keys any more.
    if (tile + BLOCK_ROWS < end) {
      copy_rows<D, BLOCK_ROWS>(keys, k, p.k_row, tile + BLOCK_ROWS, p.key_length);
      copy_async_commit();
    }
#pragma unroll
    for (int n = 0; n < BLOCK_ROWS / 16; n++) {
      u32 weights[4];
      as_left(weights, scores[2 * n], scores[2 * n + 1]);
      multiply<D>(sums, weights, values, n * 16, lane);
    }
  }

  float inverse[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float sum = quad_sum(total[half]);
    inverse[half] = sum > 0.0f ? 1.0f / sum : 0.0f;
    int query = first + own + lane / 4 + 8 * half;
    if (lane % 4 == 0 && query < p.query_length) {
      p.log_sum_exp[((long long)batch * p.num_heads + head) * p.query_length + query] =
          sum > 0.0f ? maximum[half] * LN_2 + logf(sum) : MINUS_INFINITY;
    }
  }
  store_products<D>(p.out + batch * p.out_batch + head * D, p.out_row, first + own, p.query_length, lane, sums,
                    inverse[0], inverse[1]);
}

template <int D>
__device__ __forceinline__ void backward_keys_tensor_core(const AttentionParameters& p) {
  int lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * 16;
  int first = blockIdx.x * BLOCK_ROWS, kv_head = blockIdx.y, batch = blockIdx.z;
  int group = p.num_heads / p.num_kv_heads;
  bf16* keys = (bf16*)shared_memory;
  bf16* values = keys + BLOCK_ROWS * (D + 8);
  bf16* queries = values + BLOCK_ROWS * (D + 8);
  bf16* d_outs = queries + BACKWARD_ROWS * (D + 8);
  float* log_sums = (float*)(d_outs + BACKWARD_ROWS * (D + 8));
  float* deltas = log_sums + BACKWARD_ROWS;
  copy_rows<D, BLOCK_ROWS>(keys, p.k + batch * p.k_batch + kv_head * D, p.k_row, first, p.key_length);
  copy_rows<D, BLOCK_ROWS>(values, p.v + batch * p.v_batch + kv_head * D, p.v_row, first, p.key_length);

  float d_k[D / 8][4] = {}, d_v[D / 8][4] = {};
  float scale = p.scale * LOG2_E;
  for (int head = kv_head * group; head < (kv_head + 1) * group; head++) {
    const element* q = p.q + batch * p.q_batch + head * D;
    const element* d_out = p.d_out + batch * p.d_out_batch + head * D;
    long long row = ((long long)batch * p.num_heads + head) * p.query_length;
    for (int tile = first_query_seeing(p, first) / BACKWARD_ROWS * BACKWARD_ROWS; tile < p.query_length;
         tile += BACKWARD_ROWS) {
      __syncthreads();  // Nobody reads the last tile any more.
      copy_rows<D, BACKWARD_ROWS>(queries, q, p.q_row, tile, p.query_length);
      copy_rows<D, BACKWARD_ROWS>(d_outs, d_out, p.d_out_row, tile, p.query_length);
      copy_async_commit();
      if (threadIdx.x < BACKWARD_ROWS) {
        bool within = tile + threadIdx.x < p.query_length;
        log_sums[threadIdx.x] = within ? p.log_sum_exp[row + tile + threadIdx.x] * LOG2_E : 0.0f;
        deltas[threadIdx.x] = within ? p.delta[row + tile + threadIdx.x] : 0.0f;
      }
      copy_async_wait<0>();
      __syncthreads();
      float scores[BACKWARD_ROWS / 8][4] = {}, d_weights[BACKWARD_ROWS / 8][4] = {};
#pragma unroll
      for (int step = 0; step < D / 16; step++) {
        u32 left[4];
        load_left<D>(left, keys, own, step, lane);
#pragma unroll
        for (int n = 0; n < BACKWARD_ROWS / 16; n++) {
          multiply_transposed<D>(scores[2 * n], scores[2 * n + 1], left, queries, n * 16, step, lane);
        }
        load_left<D>(left, values, own, step, lane);
#pragma unroll
        for (int n = 0; n < BACKWARD_ROWS / 16; n++) {
          multiply_transposed<D>(d_weights[2 * n], d_weights[2 * n + 1], left, d_outs, n * 16, step, lane);
        }
      }
#pragma unroll
      for (int n = 0; n < BACKWARD_ROWS / 8; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          scores[n][i] = fast_exp2(scores[n][i] * scale - log_sums[n * 8 + lane % 4 * 2 + i % 2]);
        }
      }
      hide_unseen<BACKWARD_ROWS, true>(scores, 0.0f, p, first, own, tile, lane);
#pragma unroll
      for (int n = 0; n < BACKWARD_ROWS / 8; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          d_weights[n][i] = scores[n][i] * (d_weights[n][i] - deltas[n * 8 + lane % 4 * 2 + i % 2]);
        }
      }
#pragma unroll
      for (int n = 0; n < BACKWARD_ROWS / 16; n++) {
        u32 left[4];
        as_left(left, scores[2 * n], scores[2 * n + 1]);
        multiply<D>(d_v, left, d_outs, n * 16, lane);
        as_left(left, d_weights[2 * n], d_weights[2 * n + 1]);
        multiply<D>(d_k, left, queries, n * 16, lane);
      }
    }
  }
  store_products<D>(p.d_k + batch * p.d_k_batch + kv_head * D, p.d_k_row, first + own, p.key_length, lane, d_k,
                    p.scale, p.scale);
  store_products<D>(p.d_v + batch * p.d_v_batch + kv_head * D, p.d_v_row, first + own, p.key_length, lane, d_v, 1.0f,
                    1.0f);
}

template <int D>
__device__ __forceinline__ void backward_queries_tensor_core(const AttentionParameters& p) {
  int lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * 16;
  int first = query_tile(p) * BLOCK_ROWS, head = blockIdx.y, batch = blockIdx.z;
  int kv_head = head / (p.num_heads / p.num_kv_heads);
  bf16* queries = (bf16*)shared_memory;
  bf16* d_outs = queries + BLOCK_ROWS * (D + 8);
  bf16* keys = d_outs + BLOCK_ROWS * (D + 8);
  bf16* values = keys + BACKWARD_ROWS * (D + 8);
  const element* k = p.k + batch * p.k_batch + kv_head * D;
  const element* v = p.v + batch * p.v_batch + kv_head * D;
  copy_rows<D, BLOCK_ROWS>(queries, p.q + batch * p.q_batch + head * D, p.q_row, first, p.query_length);
  copy_rows<D, BLOCK_ROWS>(d_outs, p.d_out + batch * p.d_out_batch + head * D, p.d_out_row, first, p.query_length);
  float log_sums[2], deltas[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int query = first + own + lane / 4 + 8 * half;
    bool within = query < p.query_length;
    long long row = ((long long)batch * p.num_heads + head) * p.query_length + query;
    log_sums[half] = within ? p.log_sum_exp[row] * LOG2_E : 0.0f;
    deltas[half] = within ? p.delta[row] : 0.0f;
  }

  float d_q[D / 8][4] = {};
  float scale = p.scale * LOG2_E;
  int end = keys_seen(p, first + BLOCK_ROWS);
  for (int tile = 0; tile < end; tile += BACKWARD_ROWS) {
    __syncthreads();  // Nobody reads the last tile any more.
    copy_rows<D, BACKWARD_ROWS>(keys, k, p.k_row, tile, p.key_length);
    copy_rows<D, BACKWARD_ROWS>(values, v, p.v_row, tile, p.key_length);
    copy_async_commit();
    copy_async_wait<0>();
    __syncthreads();
    float scores[BACKWARD_ROWS / 8][4] = {}, d_weights[BACKWARD_ROWS / 8][4] = {};
#pragma unroll
    for (int step = 0; step < D / 16; step++) {
      u32 left[4];
      load_left<D>(left, queries, own, step, lane);
#pragma unroll
      for (int n = 0; n < BACKWARD_ROWS / 16; n++) {
        multiply_transposed<D>(scores[2 * n], scores[2 * n + 1], left, keys, n * 16, step, lane);
      }
      load_left<D>(left, d_outs, own, step, lane);
#pragma unroll
      for (int n = 0; n < BACKWARD_ROWS / 16; n++) {
        multiply_transposed<D>(d_weights[2 * n], d_weights[2 * n + 1], left, values, n * 16, step, lane);
      }
    }
#pragma unroll
    for (int n = 0; n < BACKWARD_ROWS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scores[n][i] = fast_exp2(scores[n][i] * scale - log_sums[i / 2]);
      }
    }
    hide_unseen<BACKWARD_ROWS, false>(scores, 0.0f, p, first, own, tile, lane);
#pragma unroll
    for (int n = 0; n < BACKWARD_ROWS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) d_weights[n][i] = scores[n][i] * (d_weights[n][i] - deltas[i / 2]);
    }
#pragma unroll
    for (int n = 0; n < BACKWARD_ROWS / 16; n++) {
      u32 left[4];
      as_left(left, d_weights[2 * n], d_weights[2 * n + 1]);
      multiply<D>(d_q, left, keys, n * 16, lane);
    }
  }
  store_products<D>(p.d_q + batch * p.d_q_batch + head * D, p.d_q_row, first + own, p.query_length, lane, d_q, p.scale,
                    p.scale);
}

// With heads of 32 and 64 four blocks share a multiprocessor: the compiler fits them into 128 registers with at most 16
// bytes of a thread in memory. Heads of 128 take over 200.
extern "C" __global__ void __launch_bounds__(128, 4) attention_tensor_core_32(AttentionParameters p) {
  forward_tensor_core<32>(p);
}
extern "C" __global__ void __launch_bounds__(128, 4) attention_tensor_core_64(AttentionParameters p) {
  forward_tensor_core<64>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_tensor_core_128(AttentionParameters p) {
  forward_tensor_core<128>(p);
}

extern "C" __global__ void __launch_bounds__(128, 4) attention_backward_keys_tensor_core_32(AttentionParameters p) {
  backward_keys_tensor_core<32>(p);
}
extern "C" __global__ void __launch_bounds__(128, 4) attention_backward_keys_tensor_core_64(AttentionParameters p) {
  backward_keys_tensor_core<64>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_keys_tensor_core_128(AttentionParameters p) {
  backward_keys_tensor_core<128>(p);
}

extern "C" __global__ void __launch_bounds__(128, 4) attention_backward_queries_tensor_core_32(AttentionParameters p) {
  backward_queries_tensor_core<32>(p);
}
extern "C" __global__ void __launch_bounds__(128, 4) attention_backward_queries_tensor_core_64(AttentionParameters p) {
  backward_queries_tensor_core<64>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_queries_tensor_core_128(AttentionParameters p) {
  backward_queries_tensor_core<128>(p);
}
