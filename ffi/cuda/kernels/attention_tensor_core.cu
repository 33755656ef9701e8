// Attention by bfloat16 products on tensor cores, sums and softmax in float (Dao, 2023), for heads of 32, 64 and 128
// whose rows start at multiples of 16 bytes, without a mask and for a positive scale. 128 threads; a warp takes T times
// 16 rows of the block's queries (or keys), for which it reads the other operand once. Keys and values pass through
// shared memory, whose rows are 16 bytes longer than a head so that the eight rows which one ldmatrix reads lie in
// different banks; a tile is copied there while the last one is multiplied. The scores stay in registers: the layout in
// which a product leaves them is the one in which the next takes its left operand. Bound by arithmetic on tensor cores
// with 32 rows to a warp, by reading shared memory with 16.
//
// The backward pass is two kernels, as in attention_plain.cu; the one for keys computes the transposed scores, so that
// there too nothing has to be transposed through memory.

// Keys that the forward kernel takes at a time.
constexpr int FORWARD_COLUMNS = 64;
// Keys (or queries) that the backward kernels take at a time.
constexpr int BACKWARD_COLUMNS = 32;
// A row's maximum may lag behind its largest score by so many powers of two: its weights grow up to that factor, which
// floats and bfloat16 hold as exactly, and what was summed before need not be rescaled for each tile (as in
// FlashAttention-4).
constexpr float LARGEST_LAG = 8.0f;

// Begins to copy `ROWS` rows of a head to shared memory, zeros beyond `length`.
template <int D, int ROWS>
__device__ __forceinline__ void copy_rows(bf16* tile, const element* operand, long long row_stride, int first,
                                          int length) {
  constexpr int PER_ROW = D / 8, AT_ONCE = 128 / PER_ROW;
  int own = threadIdx.x / PER_ROW, column = threadIdx.x % PER_ROW * 8;
  const element* from = operand + (first + own) * row_stride + column;
  bf16* to = tile + own * (D + 8) + column;
#pragma unroll
  for (int i = 0; i < ROWS / AT_ONCE; i++) {
    copy_async_16(to + i * AT_ONCE * (D + 8), from + i * AT_ONCE * row_stride, first + own + i * AT_ONCE < length);
  }
}

template <int COUNT, int T>
__device__ __forceinline__ void clear(float (&values)[T][COUNT][4]) {
#pragma unroll
  for (int t = 0; t < T; t++) {
#pragma unroll
    for (int n = 0; n < COUNT; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) values[t][n][i] = 0.0f;
    }
  }
}

// 16 rows of a tile, as often as the warp takes them, as left operands, columns from 16 step on.
template <int D, int T>
__device__ __forceinline__ void load_left(u32 (&a)[T][4], const bf16* tile, int first_row, int step, int lane) {
#pragma unroll
  for (int t = 0; t < T; t++) {
    load_matrices_x4(a[t], tile + (first_row + 16 * t + lane % 16) * (D + 8) + step * 16 + lane / 16 * 8);
  }
}

// scores += a times COLUMNS rows of a tile, transposed: along 16 elements of the head.
template <int D, int COLUMNS, int T>
__device__ __forceinline__ void multiply_transposed(float (&scores)[T][COLUMNS / 8][4], const u32 (&a)[T][4],
                                                    const bf16* tile, int step, int lane) {
#pragma unroll
  for (int n = 0; n < COLUMNS / 16; n++) {
    u32 b[4];
    load_matrices_x4(b, tile + (n * 16 + lane % 8 + lane / 16 * 8) * (D + 8) + step * 16 + lane / 8 % 2 * 8);
    u32 lower[2] = {b[0], b[1]}, upper[2] = {b[2], b[3]};
#pragma unroll
    for (int t = 0; t < T; t++) {
      mma_m16n8k16(scores[t][2 * n], a[t], lower);
      mma_m16n8k16(scores[t][2 * n + 1], a[t], upper);
    }
  }
}

// sums += a times 16 rows of a tile: weights times values.
template <int D, int T>
__device__ __forceinline__ void multiply(float (&sums)[T][D / 8][4], const u32 (&a)[T][4], const bf16* tile,
                                         int first_row, int lane) {
#pragma unroll
  for (int n = 0; n < D / 16; n++) {
    u32 b[4];
    load_matrices_x4_transposed(b, tile + (first_row + lane % 8 + lane / 8 % 2 * 8) * (D + 8) + n * 16 + lane / 16 * 8);
    u32 lower[2] = {b[0], b[1]}, upper[2] = {b[2], b[3]};
#pragma unroll
    for (int t = 0; t < T; t++) {
      mma_m16n8k16(sums[t][2 * n], a[t], lower);
      mma_m16n8k16(sums[t][2 * n + 1], a[t], upper);
    }
  }
}

// Columns 16 n to 16 n + 15 of results as left operands.
template <int COLUMNS, int T>
__device__ __forceinline__ void as_left(u32 (&a)[T][4], const float (&values)[T][COLUMNS / 8][4], int n) {
#pragma unroll
  for (int t = 0; t < T; t++) {
    const float(&even)[4] = values[t][2 * n], (&odd)[4] = values[t][2 * n + 1];
    a[t][0] = pack_bf16(even[0], even[1]);
    a[t][1] = pack_bf16(even[2], even[3]);
    a[t][2] = pack_bf16(odd[0], odd[1]);
    a[t][3] = pack_bf16(odd[2], odd[3]);
  }
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

// values[row][column] becomes `hidden` where query and key do not see each other, for the warp's rows from `first` on
// and COLUMNS columns from `tile` on. Rows are queries and columns keys, or the other way round. Most tiles are seen
// whole; only those on the diagonal and at the ends are looked at one by one.
template <int COLUMNS, bool ROWS_ARE_KEYS, int T>
__device__ __forceinline__ void hide_unseen(float (&values)[T][COLUMNS / 8][4], float hidden,
                                            const AttentionParameters& p, int first, int tile, int lane) {
  if (ROWS_ARE_KEYS ? all_see(p, tile, COLUMNS, first, 16 * T) : all_see(p, first, 16 * T, tile, COLUMNS)) return;
#pragma unroll
  for (int t = 0; t < T; t++) {
#pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int row = first + 16 * t + lane / 4 + i / 2 * 8, column = tile + n * 8 + lane % 4 * 2 + i % 2;
        if (!(ROWS_ARE_KEYS ? pair_sees(p, column, row) : pair_sees(p, row, column))) values[t][n][i] = hidden;
      }
    }
  }
}

// The first key that none of a warp's `rows` queries from `first` on sees.
__device__ __forceinline__ int warp_keys_seen(const AttentionParameters& p, int first, int rows) {
  return first < p.query_length ? keys_seen(p, first + rows) : 0;
}

template <int D, int T>
__device__ __forceinline__ void forward_tensor_core(const AttentionParameters& p) {
  constexpr int ROWS = 64 * T, COLUMNS = FORWARD_COLUMNS;
  int lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * 16 * T;
  int first = query_tile(p) * ROWS, head = blockIdx.y, batch = blockIdx.z;
  int kv_head = head / (p.num_heads / p.num_kv_heads);
  bf16* queries = (bf16*)shared_memory;
  bf16* keys = queries + ROWS * (D + 8);
  bf16* values = keys + COLUMNS * (D + 8);
  const element* k = p.k + batch * p.k_batch + kv_head * D;
  const element* v = p.v + batch * p.v_batch + kv_head * D;
  copy_rows<D, ROWS>(queries, p.q + batch * p.q_batch + head * D, p.q_row, first, p.query_length);
  copy_rows<D, COLUMNS>(keys, k, p.k_row, 0, p.key_length);
  copy_async_commit();

  copy_async_wait<0>();
  __syncthreads();
  u32 left[D / 16][T][4];
#pragma unroll
  for (int step = 0; step < D / 16; step++) load_left<D>(left[step], queries, own, step, lane);
  float sums[T][D / 8][4] = {};
  // Scores are in units of log 2 / scale, as exp2 is what the hardware computes.
  float scale = p.scale * LOG2_E, maximum[T][2], total[T][2] = {};
#pragma unroll
  for (int t = 0; t < T; t++) maximum[t][0] = maximum[t][1] = LOWEST;
  int end = keys_seen(p, first + ROWS), own_end = warp_keys_seen(p, first + own, 16 * T);
  for (int tile = 0; tile < end; tile += COLUMNS) {
    copy_async_wait<0>();
    __syncthreads();  // The keys are there, and nobody reads the values of the last round any more.
    copy_rows<D, COLUMNS>(values, v, p.v_row, tile, p.key_length);
    copy_async_commit();
    float scores[T][COLUMNS / 8][4];
    if (tile < own_end) {
      clear(scores);
#pragma unroll
      for (int step = 0; step < D / 16; step++) {
        multiply_transposed<D, COLUMNS>(scores, left[step], keys, step, lane);
      }
      hide_unseen<COLUMNS, false>(scores, LOWEST, p, first + own, tile, lane);
      float correction[T][2];
      bool any_grows = false;
#pragma unroll
      for (int t = 0; t < T; t++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          float before = maximum[t][half], largest = before;
#pragma unroll
          for (int n = 0; n < COLUMNS / 8; n++) {
            largest = fmaxf(largest, fmaxf(scores[t][n][2 * half], scores[t][n][2 * half + 1]));
          }
          largest = quad_max(largest);
          bool grows = (largest - before) * scale > LARGEST_LAG;
          correction[t][half] = grows ? fast_exp2((before - largest) * scale) : 1.0f;
          maximum[t][half] = grows ? largest : before;
          any_grows = any_grows || grows;
        }
      }
      if (__any_sync(0xffffffffu, any_grows)) {
#pragma unroll
        for (int t = 0; t < T; t++) {
#pragma unroll
          for (int half = 0; half < 2; half++) {
            total[t][half] *= correction[t][half];
#pragma unroll
            for (int n = 0; n < D / 8; n++) {
              sums[t][n][2 * half] *= correction[t][half];
              sums[t][n][2 * half + 1] *= correction[t][half];
            }
          }
        }
      }
#pragma unroll
      for (int t = 0; t < T; t++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          float shift = maximum[t][half] * scale;
#pragma unroll
          for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
            for (int i = 2 * half; i < 2 * half + 2; i++) {
              scores[t][n][i] = fast_exp2(scores[t][n][i] * scale - shift);
              total[t][half] += scores[t][n][i];
            }
          }
        }
      }
    }
    copy_async_wait<0>();
    __syncthreads();  // The values are there, and nobody reads the keys any more.
    if (tile + COLUMNS < end) {
      copy_rows<D, COLUMNS>(keys, k, p.k_row, tile + COLUMNS, p.key_length);
      copy_async_commit();
    }
    if (tile < own_end) {
#pragma unroll
      for (int n = 0; n < COLUMNS / 16; n++) {
        u32 weights[T][4];
        as_left<COLUMNS>(weights, scores, n);
        multiply<D>(sums, weights, values, n * 16, lane);
      }
    }
  }

#pragma unroll
  for (int t = 0; t < T; t++) {
    float inverse[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float sum = quad_sum(total[t][half]);
      inverse[half] = sum == 0.0f ? 0.0f : 1.0f / sum;
      int query = first + own + 16 * t + lane / 4 + 8 * half;
      if (lane % 4 == 0 && query < p.query_length) {
        p.log_sum_exp[((long long)batch * p.num_heads + head) * p.query_length + query] =
            sum == 0.0f ? MINUS_INFINITY : maximum[t][half] * p.scale + logf(sum);
      }
    }
    store_products<D>(p.out + batch * p.out_batch + head * D, p.out_row, first + own + 16 * t, p.query_length, lane,
                      sums[t], inverse[0], inverse[1]);
  }
}

template <int D, int T>
__device__ __forceinline__ void backward_keys_tensor_core(const AttentionParameters& p) {
  constexpr int ROWS = 64 * T, COLUMNS = BACKWARD_COLUMNS;
  int lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * 16 * T;
  int first = blockIdx.x * ROWS, kv_head = blockIdx.y, batch = blockIdx.z;
  int group = p.num_heads / p.num_kv_heads;
  bf16* keys = (bf16*)shared_memory;
  bf16* values = keys + ROWS * (D + 8);
  bf16* both_queries = values + ROWS * (D + 8);
  bf16* both_d_outs = both_queries + 2 * COLUMNS * (D + 8);
  float* both_log_sums = (float*)(both_d_outs + 2 * COLUMNS * (D + 8));
  float* both_deltas = both_log_sums + 2 * COLUMNS;
  copy_rows<D, ROWS>(keys, p.k + batch * p.k_batch + kv_head * D, p.k_row, first, p.key_length);
  copy_rows<D, ROWS>(values, p.v + batch * p.v_batch + kv_head * D, p.v_row, first, p.key_length);

  // Rounds go through the tiles of queries for each head of the group; a round's tile is copied during the one before.
  int begin = first_query_seeing(p, first) / COLUMNS * COLUMNS, per_head = (p.query_length - begin + COLUMNS - 1) / COLUMNS;
  int rounds = per_head > 0 ? group * per_head : 0;
  auto tile_after = [&](int tile) { return tile + COLUMNS < p.query_length ? tile + COLUMNS : begin; };
  int copied_head = kv_head * group, copied_tile = begin;
  auto copy_next = [&](int buffer) {
    int head = copied_head, tile = copied_tile;
    copy_rows<D, COLUMNS>(both_queries + buffer * COLUMNS * (D + 8), p.q + batch * p.q_batch + head * D, p.q_row, tile,
                          p.query_length);
    copy_rows<D, COLUMNS>(both_d_outs + buffer * COLUMNS * (D + 8), p.d_out + batch * p.d_out_batch + head * D,
                          p.d_out_row, tile, p.query_length);
    if (threadIdx.x < 2 * COLUMNS) {
      int i = threadIdx.x % COLUMNS;
      bool valid = tile + i < p.query_length;
      const float* from = (threadIdx.x < COLUMNS ? p.log_sum_exp : p.delta) +
                          ((long long)batch * p.num_heads + head) * p.query_length + (valid ? tile + i : 0);
      copy_async_4((threadIdx.x < COLUMNS ? both_log_sums : both_deltas) + buffer * COLUMNS + i, from, valid);
    }
    copy_async_commit();
    copied_tile = tile_after(tile);
    if (copied_tile == begin) copied_head++;
  };
  if (rounds > 0) copy_next(0);

  float d_k[T][D / 8][4] = {}, d_v[T][D / 8][4] = {};
  float scale = p.scale * LOG2_E;
  // The first query that sees any of the warp's keys.
  int own_begin = first + own < p.key_length ? first_query_seeing(p, first + own) : p.query_length;
  for (int round = 0, tile = begin; round < rounds; round++, tile = tile_after(tile)) {
    copy_async_wait<0>();
    __syncthreads();  // This round's tile is there, and nobody reads the last one's any more.
    if (round + 1 < rounds) copy_next((round + 1) % 2);
    int buffer = round % 2;
    if (tile + COLUMNS <= own_begin) continue;
    const bf16* queries = both_queries + buffer * COLUMNS * (D + 8);
    const bf16* d_outs = both_d_outs + buffer * COLUMNS * (D + 8);
    const float* log_sums = both_log_sums + buffer * COLUMNS;
    const float* deltas = both_deltas + buffer * COLUMNS;
    float scores[T][COLUMNS / 8][4] = {}, d_weights[T][COLUMNS / 8][4] = {};
#pragma unroll
    for (int step = 0; step < D / 16; step++) {
      u32 left[T][4];
      load_left<D>(left, keys, own, step, lane);
      multiply_transposed<D, COLUMNS>(scores, left, queries, step, lane);
      load_left<D>(left, values, own, step, lane);
      multiply_transposed<D, COLUMNS>(d_weights, left, d_outs, step, lane);
    }
#pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
      for (int odd = 0; odd < 2; odd++) {
        float log_sum = log_sums[n * 8 + lane % 4 * 2 + odd] * LOG2_E;
#pragma unroll
        for (int t = 0; t < T; t++) {
          scores[t][n][odd] = fast_exp2(scores[t][n][odd] * scale - log_sum);
          scores[t][n][2 + odd] = fast_exp2(scores[t][n][2 + odd] * scale - log_sum);
        }
      }
    }
    hide_unseen<COLUMNS, true>(scores, 0.0f, p, first + own, tile, lane);
#pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
      for (int odd = 0; odd < 2; odd++) {
        float delta = deltas[n * 8 + lane % 4 * 2 + odd];
#pragma unroll
        for (int t = 0; t < T; t++) {
          d_weights[t][n][odd] = scores[t][n][odd] * (d_weights[t][n][odd] - delta);
          d_weights[t][n][2 + odd] = scores[t][n][2 + odd] * (d_weights[t][n][2 + odd] - delta);
        }
      }
    }
#pragma unroll
    for (int n = 0; n < COLUMNS / 16; n++) {
      u32 left[T][4];
      as_left<COLUMNS>(left, scores, n);
      multiply<D>(d_v, left, d_outs, n * 16, lane);
      as_left<COLUMNS>(left, d_weights, n);
      multiply<D>(d_k, left, queries, n * 16, lane);
    }
  }
#pragma unroll
  for (int t = 0; t < T; t++) {
    int row = first + own + 16 * t;
    store_products<D>(p.d_k + batch * p.d_k_batch + kv_head * D, p.d_k_row, row, p.key_length, lane, d_k[t], p.scale,
                      p.scale);
    store_products<D>(p.d_v + batch * p.d_v_batch + kv_head * D, p.d_v_row, row, p.key_length, lane, d_v[t], 1.0f, 1.0f);
  }
}

template <int D, int T>
__device__ __forceinline__ void backward_queries_tensor_core(const AttentionParameters& p) {
  constexpr int ROWS = 64 * T, COLUMNS = BACKWARD_COLUMNS;
  int lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * 16 * T;
  int first = query_tile(p) * ROWS, head = blockIdx.y, batch = blockIdx.z;
  int kv_head = head / (p.num_heads / p.num_kv_heads);
  bf16* queries = (bf16*)shared_memory;
  bf16* d_outs = queries + ROWS * (D + 8);
  bf16* both_keys = d_outs + ROWS * (D + 8);
  bf16* both_values = both_keys + 2 * COLUMNS * (D + 8);
  const element* k = p.k + batch * p.k_batch + kv_head * D;
  const element* v = p.v + batch * p.v_batch + kv_head * D;
  copy_rows<D, ROWS>(queries, p.q + batch * p.q_batch + head * D, p.q_row, first, p.query_length);
  copy_rows<D, ROWS>(d_outs, p.d_out + batch * p.d_out_batch + head * D, p.d_out_row, first, p.query_length);
  // A tile is copied while the one before is multiplied.
  auto copy_tile = [&](int tile) {
    int start = tile / COLUMNS % 2 * COLUMNS * (D + 8);
    copy_rows<D, COLUMNS>(both_keys + start, k, p.k_row, tile, p.key_length);
    copy_rows<D, COLUMNS>(both_values + start, v, p.v_row, tile, p.key_length);
    copy_async_commit();
  };
  copy_tile(0);
  float log_sums[T][2], deltas[T][2];
#pragma unroll
  for (int t = 0; t < T; t++) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int query = first + own + 16 * t + lane / 4 + 8 * half;
      bool within = query < p.query_length;
      long long row = ((long long)batch * p.num_heads + head) * p.query_length + query;
      log_sums[t][half] = within ? p.log_sum_exp[row] * LOG2_E : 0.0f;
      deltas[t][half] = within ? p.delta[row] : 0.0f;
    }
  }

  float d_q[T][D / 8][4] = {};
  float scale = p.scale * LOG2_E;
  int end = keys_seen(p, first + ROWS), own_end = warp_keys_seen(p, first + own, 16 * T);
  for (int tile = 0; tile < end; tile += COLUMNS) {
    copy_async_wait<0>();
    __syncthreads();  // This round's tile is there, and nobody reads the last one's any more.
    if (tile + COLUMNS < end) copy_tile(tile + COLUMNS);
    if (tile >= own_end) continue;
    const bf16* keys = both_keys + tile / COLUMNS % 2 * COLUMNS * (D + 8);
    const bf16* values = both_values + tile / COLUMNS % 2 * COLUMNS * (D + 8);
    float scores[T][COLUMNS / 8][4] = {}, d_weights[T][COLUMNS / 8][4] = {};
#pragma unroll
    for (int step = 0; step < D / 16; step++) {
      u32 left[T][4];
      load_left<D>(left, queries, own, step, lane);
      multiply_transposed<D, COLUMNS>(scores, left, keys, step, lane);
      load_left<D>(left, d_outs, own, step, lane);
      multiply_transposed<D, COLUMNS>(d_weights, left, values, step, lane);
    }
#pragma unroll
    for (int t = 0; t < T; t++) {
#pragma unroll
      for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) scores[t][n][i] = fast_exp2(scores[t][n][i] * scale - log_sums[t][i / 2]);
      }
    }
    hide_unseen<COLUMNS, false>(scores, 0.0f, p, first + own, tile, lane);
#pragma unroll
    for (int t = 0; t < T; t++) {
#pragma unroll
      for (int n = 0; n < COLUMNS / 8; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) d_weights[t][n][i] = scores[t][n][i] * (d_weights[t][n][i] - deltas[t][i / 2]);
      }
    }
#pragma unroll
    for (int n = 0; n < COLUMNS / 16; n++) {
      u32 left[T][4];
      as_left<COLUMNS>(left, d_weights, n);
      multiply<D>(d_q, left, keys, n * 16, lane);
    }
  }
#pragma unroll
  for (int t = 0; t < T; t++) {
    store_products<D>(p.d_q + batch * p.d_q_batch + head * D, p.d_q_row, first + own + 16 * t, p.query_length, lane,
                      d_q[t], p.scale, p.scale);
  }
}

// ATTENTION_WARP_TILES is 2 where a multiprocessor has the shared memory for two such blocks, else 1. Heads of 128
// leave no registers for it, and forward with heads of 32 is bound by exponentials. With these bounds no kernel keeps
// more than 8 bytes of a thread in memory, on any architecture.
constexpr int WARP_TILES = ATTENTION_WARP_TILES, BLOCKS = WARP_TILES == 2 ? 2 : 3;

extern "C" __global__ void __launch_bounds__(128, 4) attention_tensor_core_32(AttentionParameters p) {
  forward_tensor_core<32, 1>(p);
}
extern "C" __global__ void __launch_bounds__(128, BLOCKS) attention_tensor_core_64(AttentionParameters p) {
  forward_tensor_core<64, WARP_TILES>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_tensor_core_128(AttentionParameters p) {
  forward_tensor_core<128, 1>(p);
}

extern "C" __global__ void __launch_bounds__(128, BLOCKS) attention_backward_keys_tensor_core_32(AttentionParameters p) {
  backward_keys_tensor_core<32, WARP_TILES>(p);
}
extern "C" __global__ void __launch_bounds__(128, BLOCKS) attention_backward_keys_tensor_core_64(AttentionParameters p) {
  backward_keys_tensor_core<64, WARP_TILES>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_keys_tensor_core_128(AttentionParameters p) {
  backward_keys_tensor_core<128, 1>(p);
}

extern "C" __global__ void __launch_bounds__(128, 3) attention_backward_queries_tensor_core_32(AttentionParameters p) {
  backward_queries_tensor_core<32, WARP_TILES>(p);
}
extern "C" __global__ void __launch_bounds__(128, BLOCKS)
attention_backward_queries_tensor_core_64(AttentionParameters p) {
  backward_queries_tensor_core<64, WARP_TILES>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_queries_tensor_core_128(AttentionParameters p) {
  backward_queries_tensor_core<128, 1>(p);
}
