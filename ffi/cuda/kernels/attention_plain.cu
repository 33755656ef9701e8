// Attention in tiles of 32 queries by 32 keys in shared memory (Dao et al., 2022), in float: for every head size up to
// 256, every alignment, masks, and GPUs without bfloat16 products. 128 threads; a warp takes 8 rows of a tile, and a
// lane one column of the scores, then every 32nd element of the head. CHUNKS is head_size / 32, rounded up. Bound by
// arithmetic.
//
// The backward pass recomputes the scores from log_sum_exp, once for keys and values (a block per 32 keys, over all
// queries that see them) and once for queries (a block per 32 queries), so that every sum is made by one thread.

constexpr int PLAIN_TILE = 32;
constexpr int WARP_ROWS = 8;

// tile[row][column] = operand[first + row][column] * factor for 32 rows, 0 beyond `length`; rows `stride` apart.
__device__ __forceinline__ void load_tile(float* tile, int stride, const element* operand, long long row_stride,
                                          int first, int length, int head_size, float factor) {
  for (int i = threadIdx.x; i < PLAIN_TILE * head_size; i += blockDim.x) {
    int row = i / head_size, column = i - row * head_size;
    tile[row * stride + column] =
        first + row < length ? factor * to_float(operand[(first + row) * row_stride + column]) : 0.0f;
  }
}

struct alignas(16) FourFloats {
  float at[4];
};

// products[i] += rows[i] . column for the warp's rows, which all lanes share, and the lane's own column. Of the rows
// four elements are read at once where heads are a multiple of four: reading takes longer than multiplying else.
__device__ __forceinline__ void multiply_rows(float (&products)[WARP_ROWS], const float* rows, int stride,
                                              const float* column, int head_size) {
  int e = 0;
  if (stride % 4 == 0) {
    for (; e + 4 <= head_size; e += 4) {
      float x[4];
#pragma unroll
      for (int j = 0; j < 4; j++) x[j] = column[e + j];
#pragma unroll
      for (int i = 0; i < WARP_ROWS; i++) {
        FourFloats row = *(const FourFloats*)(rows + i * stride + e);
#pragma unroll
        for (int j = 0; j < 4; j++) products[i] += row.at[j] * x[j];
      }
    }
  }
  for (; e < head_size; e++) {
    float x = column[e];
#pragma unroll
    for (int i = 0; i < WARP_ROWS; i++) products[i] += rows[i * stride + e] * x;
  }
}

// sums[i][c] += weights[i][j] * tile[j][lane + 32 c], over the 32 rows j of a tile; four weights are read at once.
template <int CHUNKS>
__device__ __forceinline__ void accumulate(float (&sums)[WARP_ROWS][CHUNKS], const float* weights, const float* tile,
                                           int stride, int head_size, int lane) {
  for (int first = 0; first < PLAIN_TILE; first += 4) {
    FourFloats weight[WARP_ROWS];
#pragma unroll
    for (int i = 0; i < WARP_ROWS; i++) weight[i] = *(const FourFloats*)(weights + i * PLAIN_TILE + first);
#pragma unroll
    for (int j = 0; j < 4; j++) {
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) {
        float x = lane + 32 * c < head_size ? tile[(first + j) * stride + lane + 32 * c] : 0.0f;
#pragma unroll
        for (int i = 0; i < WARP_ROWS; i++) sums[i][c] += weight[i].at[j] * x;
      }
    }
  }
}

template <int CHUNKS>
__device__ __forceinline__ void store_rows(element* to, long long row_stride, int first, int length, int head_size,
                                           int lane, const float (&sums)[WARP_ROWS][CHUNKS]) {
#pragma unroll
  for (int i = 0; i < WARP_ROWS; i++) {
    if (first + i >= length) continue;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
      if (lane + 32 * c < head_size) store(to + (first + i) * row_stride + lane + 32 * c, sums[i][c]);
    }
  }
}

template <int CHUNKS>
__device__ __forceinline__ void forward_plain(const AttentionParameters& p) {
  int size = p.head_size, lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * WARP_ROWS;
  int first = query_tile(p) * PLAIN_TILE, head = blockIdx.y, batch = blockIdx.z;
  int kv_head = head / (p.num_heads / p.num_kv_heads);
  float* queries = (float*)shared_memory;
  float* keys = queries + PLAIN_TILE * size;
  float* values = keys + PLAIN_TILE * (size + 1);
  float* weights = values + PLAIN_TILE * size;
  const element* k = p.k + batch * p.k_batch + kv_head * size;
  const element* v = p.v + batch * p.v_batch + kv_head * size;
  load_tile(queries, size, p.q + batch * p.q_batch + head * size, p.q_row, first, p.query_length, size, p.scale);

  float sums[WARP_ROWS][CHUNKS] = {};
  SoftmaxState states[WARP_ROWS];
#pragma unroll
  for (int i = 0; i < WARP_ROWS; i++) states[i] = {LOWEST, 0.0f};
  int end = keys_seen(p, first + PLAIN_TILE);
  for (int tile = 0; tile < end; tile += PLAIN_TILE) {
    __syncthreads();
    load_tile(keys, size + 1, k, p.k_row, tile, p.key_length, size, 1.0f);
    load_tile(values, size, v, p.v_row, tile, p.key_length, size, 1.0f);
    __syncthreads();
    float scores[WARP_ROWS] = {};
    multiply_rows(scores, queries + own * size, size, keys + lane * (size + 1), size);
#pragma unroll
    for (int i = 0; i < WARP_ROWS; i++) {
      bool seen = sees(p, batch, first + own + i, tile + lane);
      float maximum = fmaxf(states[i].maximum, warp_max(seen ? scores[i] : LOWEST));
      float weight = seen ? expf(scores[i] - maximum) : 0.0f, correction = expf(states[i].maximum - maximum);
      states[i] = {maximum, states[i].sum * correction + warp_sum(weight)};
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) sums[i][c] *= correction;
      weights[(own + i) * PLAIN_TILE + lane] = weight;
    }
    __syncwarp();
    accumulate<CHUNKS>(sums, weights + own * PLAIN_TILE, values, size, size, lane);
  }

#pragma unroll
  for (int i = 0; i < WARP_ROWS; i++) {
    int query = first + own + i;
    float inverse = states[i].sum == 0.0f ? 0.0f : 1.0f / states[i].sum;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) sums[i][c] *= inverse;
    if (lane == 0 && query < p.query_length) {
      p.log_sum_exp[((long long)batch * p.num_heads + head) * p.query_length + query] =
          states[i].sum == 0.0f ? MINUS_INFINITY : states[i].maximum + logf(states[i].sum);
    }
  }
  store_rows<CHUNKS>(p.out + batch * p.out_batch + head * size, p.out_row, first + own, p.query_length, size, lane,
                     sums);
}

template <int CHUNKS>
__device__ __forceinline__ void backward_keys_plain(const AttentionParameters& p) {
  int size = p.head_size, lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * WARP_ROWS;
  int first = blockIdx.x * PLAIN_TILE, kv_head = blockIdx.y, batch = blockIdx.z;
  int group = p.num_heads / p.num_kv_heads;
  float* keys = (float*)shared_memory;
  float* values = keys + PLAIN_TILE * size;
  float* queries = values + PLAIN_TILE * size;
  float* d_outs = queries + PLAIN_TILE * (size + 1);
  float* weights = d_outs + PLAIN_TILE * (size + 1);
  float* d_scores = weights + PLAIN_TILE * PLAIN_TILE;
  load_tile(keys, size, p.k + batch * p.k_batch + kv_head * size, p.k_row, first, p.key_length, size, 1.0f);
  load_tile(values, size, p.v + batch * p.v_batch + kv_head * size, p.v_row, first, p.key_length, size, 1.0f);

  float d_k[WARP_ROWS][CHUNKS] = {}, d_v[WARP_ROWS][CHUNKS] = {};
  for (int head = kv_head * group; head < (kv_head + 1) * group; head++) {
    const element* q = p.q + batch * p.q_batch + head * size;
    const element* d_out = p.d_out + batch * p.d_out_batch + head * size;
    long long row = ((long long)batch * p.num_heads + head) * p.query_length;
    for (int tile = first_query_seeing(p, first) / PLAIN_TILE * PLAIN_TILE; tile < p.query_length;
         tile += PLAIN_TILE) {
      __syncthreads();
      load_tile(queries, size + 1, q, p.q_row, tile, p.query_length, size, p.scale);
      load_tile(d_outs, size + 1, d_out, p.d_out_row, tile, p.query_length, size, 1.0f);
      __syncthreads();
      float scores[WARP_ROWS] = {}, d_weights[WARP_ROWS] = {};
      multiply_rows(scores, keys + own * size, size, queries + lane * (size + 1), size);
      multiply_rows(d_weights, values + own * size, size, d_outs + lane * (size + 1), size);
      int query = tile + lane;
      float log_sum = query < p.query_length ? p.log_sum_exp[row + query] : 0.0f;
      float delta = query < p.query_length ? p.delta[row + query] : 0.0f;
#pragma unroll
      for (int i = 0; i < WARP_ROWS; i++) {
        bool seen = sees(p, batch, query, first + own + i);
        float weight = seen ? expf(scores[i] - log_sum) : 0.0f;
        weights[(own + i) * PLAIN_TILE + lane] = weight;
        d_scores[(own + i) * PLAIN_TILE + lane] = weight * (d_weights[i] - delta);
      }
      __syncwarp();
      accumulate<CHUNKS>(d_v, weights + own * PLAIN_TILE, d_outs, size + 1, size, lane);
      // The queries carry the scale already.
      accumulate<CHUNKS>(d_k, d_scores + own * PLAIN_TILE, queries, size + 1, size, lane);
    }
  }
  store_rows<CHUNKS>(p.d_k + batch * p.d_k_batch + kv_head * size, p.d_k_row, first + own, p.key_length, size, lane,
                     d_k);
  store_rows<CHUNKS>(p.d_v + batch * p.d_v_batch + kv_head * size, p.d_v_row, first + own, p.key_length, size, lane,
                     d_v);
}

template <int CHUNKS>
__device__ __forceinline__ void backward_queries_plain(const AttentionParameters& p) {
  int size = p.head_size, lane = threadIdx.x & 31, own = (threadIdx.x >> 5) * WARP_ROWS;
  int first = query_tile(p) * PLAIN_TILE, head = blockIdx.y, batch = blockIdx.z;
  int kv_head = head / (p.num_heads / p.num_kv_heads);
  float* queries = (float*)shared_memory;
  float* d_outs = queries + PLAIN_TILE * size;
  float* keys = d_outs + PLAIN_TILE * size;
  float* values = keys + PLAIN_TILE * (size + 1);
  float* d_scores = values + PLAIN_TILE * (size + 1);
  const element* k = p.k + batch * p.k_batch + kv_head * size;
  const element* v = p.v + batch * p.v_batch + kv_head * size;
  load_tile(queries, size, p.q + batch * p.q_batch + head * size, p.q_row, first, p.query_length, size, p.scale);
  load_tile(d_outs, size, p.d_out + batch * p.d_out_batch + head * size, p.d_out_row, first, p.query_length, size,
            1.0f);
  float log_sums[WARP_ROWS], deltas[WARP_ROWS];
  long long row = ((long long)batch * p.num_heads + head) * p.query_length + first + own;
#pragma unroll
  for (int i = 0; i < WARP_ROWS; i++) {
    bool within = first + own + i < p.query_length;
    log_sums[i] = within ? p.log_sum_exp[row + i] : 0.0f;
    deltas[i] = within ? p.delta[row + i] : 0.0f;
  }

  float d_q[WARP_ROWS][CHUNKS] = {};
  int end = keys_seen(p, first + PLAIN_TILE);
  for (int tile = 0; tile < end; tile += PLAIN_TILE) {
    __syncthreads();
    load_tile(keys, size + 1, k, p.k_row, tile, p.key_length, size, 1.0f);
    load_tile(values, size + 1, v, p.v_row, tile, p.key_length, size, 1.0f);
    __syncthreads();
    float scores[WARP_ROWS] = {}, d_weights[WARP_ROWS] = {};
    multiply_rows(scores, queries + own * size, size, keys + lane * (size + 1), size);
    multiply_rows(d_weights, d_outs + own * size, size, values + lane * (size + 1), size);
#pragma unroll
    for (int i = 0; i < WARP_ROWS; i++) {
      bool seen = sees(p, batch, first + own + i, tile + lane);
      float weight = seen ? expf(scores[i] - log_sums[i]) : 0.0f;
      d_scores[(own + i) * PLAIN_TILE + lane] = p.scale * weight * (d_weights[i] - deltas[i]);
    }
    __syncwarp();
    accumulate<CHUNKS>(d_q, d_scores + own * PLAIN_TILE, keys, size + 1, size, lane);
  }
  store_rows<CHUNKS>(p.d_q + batch * p.d_q_batch + head * size, p.d_q_row, first + own, p.query_length, size, lane,
                     d_q);
}

extern "C" __global__ void __launch_bounds__(128) attention_plain_32(AttentionParameters p) { forward_plain<1>(p); }
extern "C" __global__ void __launch_bounds__(128) attention_plain_64(AttentionParameters p) { forward_plain<2>(p); }
extern "C" __global__ void __launch_bounds__(128) attention_plain_128(AttentionParameters p) { forward_plain<4>(p); }
extern "C" __global__ void __launch_bounds__(128) attention_plain_256(AttentionParameters p) { forward_plain<8>(p); }

extern "C" __global__ void __launch_bounds__(128) attention_backward_keys_plain_32(AttentionParameters p) {
  backward_keys_plain<1>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_keys_plain_64(AttentionParameters p) {
  backward_keys_plain<2>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_keys_plain_128(AttentionParameters p) {
  backward_keys_plain<4>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_keys_plain_256(AttentionParameters p) {
  backward_keys_plain<8>(p);
}

extern "C" __global__ void __launch_bounds__(128) attention_backward_queries_plain_32(AttentionParameters p) {
  backward_queries_plain<1>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_queries_plain_64(AttentionParameters p) {
  backward_queries_plain<2>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_queries_plain_128(AttentionParameters p) {
  backward_queries_plain<4>(p);
}
extern "C" __global__ void __launch_bounds__(128) attention_backward_queries_plain_256(AttentionParameters p) {
  backward_queries_plain<8>(p);
}
