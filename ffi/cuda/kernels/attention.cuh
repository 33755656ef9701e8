// What the attention kernels share. Element (b, t, h, e) of an operand lies at
// b * batch_stride + t * row_stride + h * head_size + e.

struct AttentionParameters {
  const element* q;
  const element* k;
  const element* v;
  element* out;
  float* log_sum_exp;  // [batch, num_heads, query_length], natural logarithm; minus infinity where nothing is seen
  const int* mask;     // [query_length, key_length] per mask_batch_stride, or null
  const element* d_out;
  element* d_q;
  element* d_k;
  element* d_v;
  float* delta;  // [batch, num_heads, query_length]: sum over the head of out * d_out
  long long q_row, q_batch;
  long long k_row, k_batch;
  long long v_row, v_batch;
  long long out_row, out_batch;
  long long d_out_row, d_out_batch;
  long long d_q_row, d_q_batch;
  long long d_k_row, d_k_batch;
  long long d_v_row, d_v_batch;
  long long mask_batch_stride;
  int query_length, key_length;
  int num_heads, num_kv_heads;
  int head_size, causal;
  float scale;
  int delta_lanes;  // of a warp that sum one delta: 1, 2, 4 ... 32; each takes a packet if delta_packets
  int delta_packets;
};

// Whether a query may see a key, both within their lengths.
__device__ __forceinline__ bool sees(const AttentionParameters& p, int batch, int query, int key) {
  if (query >= p.query_length || key >= p.key_length) return false;
  if (p.causal && key > query + p.key_length - p.query_length) return false;
  return !p.mask || p.mask[batch * p.mask_batch_stride + (long long)query * p.key_length + key] != 0;
}

// The first key that none of the queries before `query_end` sees.
__device__ __forceinline__ int keys_seen(const AttentionParameters& p, int query_end) {
  int end = query_end + p.key_length - p.query_length;
  return p.causal && end < p.key_length ? end : p.key_length;
}

// The first query that sees a key.
__device__ __forceinline__ int first_query_seeing(const AttentionParameters& p, int key) {
  int query = key - (p.key_length - p.query_length);
  return p.causal && query > 0 ? query : 0;
}

// Whether all of the queries from `query` on see all of the keys from `key` on, if there is no mask.
__device__ __forceinline__ bool all_see(const AttentionParameters& p, int query, int queries, int key, int keys) {
  return query + queries <= p.query_length && key + keys <= p.key_length &&
         (!p.causal || key + keys - 1 <= query + p.key_length - p.query_length);
}

// The block's tile of queries. Causal, the last see the most keys: they come first, so that no long block starts late.
__device__ __forceinline__ int query_tile(const AttentionParameters& p) {
  return p.causal ? gridDim.x - 1 - blockIdx.x : blockIdx.x;
}

// delta[query] = sum over the head of out * d_out, head blockIdx.y of sequence blockIdx.z. p.delta_lanes of a warp take
// a query, a packet of its head each; or the whole warp does, element by element, where heads do not divide into
// aligned packets. Bound by memory.
extern "C" __global__ void attention_delta(AttentionParameters p) {
  int lanes = p.delta_lanes, query = blockIdx.x * (blockDim.x / lanes) + threadIdx.x / lanes, lane = threadIdx.x % lanes;
  float sum = 0.0f;
  if (query < p.query_length) {
    const element* out = p.out + blockIdx.z * p.out_batch + query * p.out_row + blockIdx.y * p.head_size;
    const element* d_out = p.d_out + blockIdx.z * p.d_out_batch + query * p.d_out_row + blockIdx.y * p.head_size;
    if (p.delta_packets) {
      Packet a = load_packet(out + lane * PER_PACKET), b = load_packet(d_out + lane * PER_PACKET);
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) sum += to_float(a.at[i]) * to_float(b.at[i]);
    } else {
      for (int i = lane; i < p.head_size; i += lanes) sum += to_float(out[i]) * to_float(d_out[i]);
    }
  }
  for (int offset = lanes / 2; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
  if (lane == 0 && query < p.query_length) {
    p.delta[((long long)blockIdx.z * p.num_heads + blockIdx.y) * p.query_length + query] = sum;
  }
}
