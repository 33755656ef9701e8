// attention_decode: attention of one query per sequence, as in generation: a block per head, whose 16 warps take every
// 16th key. A warp keeps a softmax of its own, into which it takes one key after the other; at the end the warps' sums
// are put together. Which warp takes a key does not depend on how many there are, so that a longer cache with more
// hidden keys gives the same bits. Bound by latency, with few heads, so that a warp reads some keys and values at once;
// else by memory: the cache is read once.

constexpr int DECODE_WARPS = 16;
constexpr int KEYS_AT_ONCE = 4;

template <int CHUNKS>
__device__ __forceinline__ void decode(const AttentionParameters& p) {
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, size = p.head_size;
  int head = blockIdx.x, batch = blockIdx.y, kv_head = head / (p.num_heads / p.num_kv_heads);
  const element* q = p.q + batch * p.q_batch + head * size;
  const element* k = p.k + batch * p.k_batch + kv_head * size;
  const element* v = p.v + batch * p.v_batch + kv_head * size;
  float query[CHUNKS], sums[CHUNKS] = {};
#pragma unroll
  for (int c = 0; c < CHUNKS; c++) query[c] = lane + 32 * c < size ? p.scale * to_float(q[lane + 32 * c]) : 0.0f;

  SoftmaxState state = {LOWEST, 0.0f};
  const int* mask = p.mask ? p.mask + batch * p.mask_batch_stride : nullptr;
  for (int first = warp; first < p.key_length; first += DECODE_WARPS * KEYS_AT_ONCE) {
    int seen[KEYS_AT_ONCE];  // The same for all lanes; a single query sees all keys that no mask hides.
#pragma unroll
    for (int i = 0; i < KEYS_AT_ONCE; i++) {
      int key = first + i * DECODE_WARPS;
      seen[i] = key < p.key_length ? (mask ? mask[key] : 1) : 0;
    }
    element keys[KEYS_AT_ONCE][CHUNKS], values[KEYS_AT_ONCE][CHUNKS];
#pragma unroll
    for (int i = 0; i < KEYS_AT_ONCE; i++) {
      int key = first + i * DECODE_WARPS;
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) {
        keys[i][c] = values[i][c] = element{};
        if (seen[i] && lane + 32 * c < size) {
          keys[i][c] = k[key * p.k_row + lane + 32 * c];
          values[i][c] = v[key * p.v_row + lane + 32 * c];
        }
      }
    }
    float scores[KEYS_AT_ONCE] = {};
#pragma unroll
    for (int i = 0; i < KEYS_AT_ONCE; i++) {
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) scores[i] += query[c] * to_float(keys[i][c]);
    }
#pragma unroll
    for (int i = 0; i < KEYS_AT_ONCE; i++) scores[i] = warp_sum(scores[i]);
#pragma unroll
    for (int i = 0; i < KEYS_AT_ONCE; i++) {
      if (!seen[i]) continue;
      float maximum = fmaxf(state.maximum, scores[i]);
      float weight = expf(scores[i] - maximum), correction = expf(state.maximum - maximum);
      state = {maximum, state.sum * correction + weight};
#pragma unroll
      for (int c = 0; c < CHUNKS; c++) sums[c] = sums[c] * correction + weight * to_float(values[i][c]);
    }
  }

  SoftmaxState* states = (SoftmaxState*)shared_memory;
  float* parts = (float*)(states + DECODE_WARPS);  // [warp][head size]
  if (lane == 0) states[warp] = state;
#pragma unroll
  for (int c = 0; c < CHUNKS; c++) {
    if (lane + 32 * c < size) parts[warp * size + lane + 32 * c] = sums[c];
  }
  __syncthreads();
  SoftmaxState all = {LOWEST, 0.0f};
  for (int i = 0; i < DECODE_WARPS; i++) all = merge(all, states[i]);
  if (threadIdx.x == 0) {
    p.log_sum_exp[(long long)batch * p.num_heads + head] =
        all.sum == 0.0f ? MINUS_INFINITY : all.maximum + logf(all.sum);
  }
  element* out = p.out + batch * p.out_batch + head * size;
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    float sum = 0.0f;
    for (int other = 0; other < DECODE_WARPS; other++) {
      sum += parts[other * size + i] * expf(states[other].maximum - all.maximum);
    }
    store(out + i, all.sum == 0.0f ? 0.0f : sum / all.sum);
  }
}

extern "C" __global__ void __launch_bounds__(512, 1) attention_decode_32(AttentionParameters p) { decode<1>(p); }
extern "C" __global__ void __launch_bounds__(512, 1) attention_decode_64(AttentionParameters p) { decode<2>(p); }
extern "C" __global__ void __launch_bounds__(512, 1) attention_decode_128(AttentionParameters p) { decode<4>(p); }
extern "C" __global__ void __launch_bounds__(512, 1) attention_decode_256(AttentionParameters p) { decode<8>(p); }
