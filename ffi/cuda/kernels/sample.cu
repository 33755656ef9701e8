// sample: chooses a column of each row of logits by temperature, top-k and top-p; one block of 1,024 threads per row.
//
// All that decides is counted in integers: a weight exp((logit - largest) / temperature) is a whole number of 2^-40, so
// that sums do not depend on the order in which threads add, and equal draws choose equal columns. What may be chosen
// is a threshold on the logits, found digit by digit (8 bits each) from histograms of counts for top-k and of weights
// for top-p, and a number of columns exactly at the threshold, of which the lower come first. Bound by latency: some
// ten passes over a row that lies in the cache.

constexpr int SAMPLE_THREADS = 1024;
constexpr int SAMPLE_WARPS = SAMPLE_THREADS / 32;
constexpr int SAMPLE_DIGITS = 256;
// Most logits begin with one of a few digits, so that the lanes of a warp meet at a count; each has as many copies, in
// banks of their own, as leave few lanes to one.
constexpr int SAMPLE_COPIES = 8;

// Shared memory. Counts of 64 bits lie in two halves: for those of 32 the hardware has atomics, those of 64 it tries
// until no other thread has come between.
struct SampleMemory {
  u64 parts[SAMPLE_WARPS];
  u64 chosen[3];
  u32 low[SAMPLE_DIGITS * SAMPLE_COPIES];
  u32 high[SAMPLE_DIGITS * SAMPLE_COPIES];
};

// A threshold: every logit whose order is above `order` may be chosen, and `equals` of those at it.
struct Threshold {
  u32 order;
  u64 equals;
};

// Larger for larger floats, negative ones included, and equal for equal ones, which 0 and -0 are.
__device__ __forceinline__ u32 order_of(float x) {
  u32 bits = x == 0.0f ? 0u : __float_as_uint(x);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ float float_of(u32 order) {
  return __uint_as_float(order & 0x80000000u ? order & 0x7fffffffu : ~order);
}

__device__ __forceinline__ u64 weight_of(float x, float largest, float inverse_temperature) {
  return (u64)(expf((x - largest) * inverse_temperature) * 1099511627776.0f);
}

__device__ __forceinline__ u64 warp_maximum(u64 x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    u32 high = __shfl_xor_sync(0xffffffffu, (u32)(x >> 32), offset);
    u32 low = __shfl_xor_sync(0xffffffffu, (u32)x, offset);
    u64 other = (u64)high << 32 | low;
    x = other > x ? other : x;
  }
  return x;
}

// The sum over the warp's lanes up to this one.
__device__ __forceinline__ u64 warp_sum_up_to(u64 x) {
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    u32 high = __shfl_up_sync(0xffffffffu, (u32)(x >> 32), offset);
    u32 low = __shfl_up_sync(0xffffffffu, (u32)x, offset);
    if ((threadIdx.x & 31) >= offset) x += (u64)high << 32 | low;
  }
  return x;
}

// The sum over the block's threads up to this one; `total` gets that over all.
__device__ __forceinline__ u64 block_sum_up_to(u64 x, u64* parts, u64& total) {
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  x = warp_sum_up_to(x);
  __syncthreads();  // Whoever still reads from a use before has done so.
  if (lane == 31) parts[warp] = x;
  __syncthreads();
  if (warp == 0) parts[lane] = warp_sum_up_to(parts[lane]);
  __syncthreads();
  total = parts[SAMPLE_WARPS - 1];
  return warp == 0 ? x : parts[warp - 1] + x;
}

// The highest threshold at which what is at or above it comes to `needed`: a count of columns, or their weights.
// Columns below `allowed` do not count, and of those at it only allowed.equals.
template <bool BY_WEIGHT>
__device__ Threshold find_threshold(const element* row, int columns, u64 needed, Threshold allowed, float largest,
                                    float inverse_temperature, SampleMemory& memory) {
  u32 found = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (int i = threadIdx.x; i < SAMPLE_DIGITS * SAMPLE_COPIES; i += SAMPLE_THREADS) {
      memory.low[i] = memory.high[i] = 0;
    }
    __syncthreads();
    for (int column = threadIdx.x; column < columns; column += SAMPLE_THREADS) {
      float x = to_float(row[column]);
      u32 order = order_of(x);
      if (order <= allowed.order || (shift < 24 && order >> (shift + 8) != found)) continue;
      u32 place = (order >> shift & 255u) * SAMPLE_COPIES + threadIdx.x % SAMPLE_COPIES;
      if (BY_WEIGHT) {
        u64 weight = weight_of(x, largest, inverse_temperature);
        u32 low = (u32)weight, before = atomicAdd(&memory.low[place], low);
        u32 high = (u32)(weight >> 32) + (before + low < before ? 1u : 0u);
        if (high > 0) atomicAdd(&memory.high[place], high);
      } else {
        atomicAdd(&memory.low[place], 1u);
      }
    }
    __syncthreads();
    // The digits from the highest down, one to a thread.
    int digit = SAMPLE_DIGITS - 1 - (int)threadIdx.x;
    u64 own = 0, total;
    if (digit >= 0) {
      for (int i = digit * SAMPLE_COPIES; i < (digit + 1) * SAMPLE_COPIES; i++) {
        own += ((u64)memory.high[i] << 32) + memory.low[i];
      }
      if (allowed.equals > 0 && digit == (int)(allowed.order >> shift & 255u) &&
          (shift == 24 || allowed.order >> (shift + 8) == found)) {
        own += allowed.equals * (BY_WEIGHT ? weight_of(float_of(allowed.order), largest, inverse_temperature) : 1);
      }
    }
    u64 sum = block_sum_up_to(own, memory.parts, total);
    if (sum >= needed && sum - own < needed) {
      memory.chosen[0] = digit;
      memory.chosen[1] = needed - (sum - own);
    }
    __syncthreads();
    found = found << 8 | (u32)memory.chosen[0];
    needed = memory.chosen[1];
  }
  Threshold threshold = {found, needed};
  if (BY_WEIGHT) {
    u64 one = weight_of(float_of(found), largest, inverse_temperature);
    threshold.equals = (needed + one - 1) / one;
  }
  return threshold;
}

// tokens[row] gets the column; -1 if a logit is NaN or infinity, or all are minus infinity. Temperature 0 takes the
// largest logit. draws (null for temperature 0) are in [0, 1); top_k is at most columns.
extern "C" __global__ void __launch_bounds__(SAMPLE_THREADS)
sample(const element* logits, const float* draws, int* tokens, int columns, float temperature, int top_k, float top_p) {
  SampleMemory& memory = *(SampleMemory*)shared_memory;
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const element* row = logits + (long long)blockIdx.x * columns;

  // The largest logit and, in the lower half, the lowest of its columns; more than any of these for a wrong one.
  constexpr u64 WRONG = ~0ull;
  u64 best = 0;
  for (int column = threadIdx.x; column < columns; column += SAMPLE_THREADS) {
    float x = to_float(row[column]);
    u64 candidate = x < -MINUS_INFINITY ? (u64)order_of(x) << 32 | (u32)~column : WRONG;
    best = candidate > best ? candidate : best;
  }
  best = warp_maximum(best);
  if (lane == 0) memory.parts[warp] = best;
  __syncthreads();
  best = warp_maximum(memory.parts[lane]);
  float largest = float_of((u32)(best >> 32));
  if (best == WRONG || largest == MINUS_INFINITY) {
    if (threadIdx.x == 0) tokens[blockIdx.x] = -1;
    return;
  }
  if (temperature == 0.0f) {
    if (threadIdx.x == 0) tokens[blockIdx.x] = (int)~(u32)best;
    return;
  }

  // Finite for every temperature: the largest logit's weight is exp(0 * inverse).
  float inverse = fminf(1.0f / temperature, -LOWEST);
  Threshold threshold = {0, 0};
  if (top_k < columns) threshold = find_threshold<false>(row, columns, top_k, threshold, largest, inverse, memory);
  u64 total;
  if (top_p < 1.0f) {
    u64 weights = 0;
    for (int column = threadIdx.x; column < columns; column += SAMPLE_THREADS) {
      float x = to_float(row[column]);
      if (order_of(x) > threshold.order) weights += weight_of(x, largest, inverse);
    }
    if (threadIdx.x == 0 && threshold.equals > 0) {
      weights += threshold.equals * weight_of(float_of(threshold.order), largest, inverse);
    }
    block_sum_up_to(weights, memory.parts, total);
    u64 needed = (u64)ceil((double)top_p * (double)total);
    threshold = find_threshold<true>(row, columns, needed > 0 ? needed : 1, threshold, largest, inverse, memory);
  }

  // A warp takes columns that lie side by side: first how many of them are at the threshold, so that it knows which of
  // its own still count; then their weights, which say on which warp's columns the draw falls.
  int per_warp = (columns + SAMPLE_WARPS - 1) / SAMPLE_WARPS;
  int begin = warp * per_warp, end = begin + per_warp < columns ? begin + per_warp : columns;
  u64 equals = 0;
  if (threshold.equals > 0) {
    for (int column = begin + lane; column < end; column += 32) {
      equals += order_of(to_float(row[column])) == threshold.order;
    }
  }
  block_sum_up_to(equals, memory.parts, total);
  u64 equals_before = warp == 0 ? 0 : memory.parts[warp - 1];
  u64 seen = equals_before, weights = 0;
  for (int first = begin; first < end; first += 32) {
    int column = first + lane;
    float x = column < end ? to_float(row[column]) : MINUS_INFINITY;
    u32 order = order_of(x), equal = __ballot_sync(0xffffffffu, column < end && order == threshold.order);
    bool is_equal = equal >> lane & 1u;
    u64 rank = seen + __popc(equal & ((1u << lane) - 1u));
    if (column < end && (order > threshold.order || (is_equal && rank < threshold.equals))) {
      weights += weight_of(x, largest, inverse);
    }
    seen += __popc(equal);
  }
  block_sum_up_to(weights, memory.parts, total);
  u64 drawn = (u64)((double)draws[blockIdx.x] * (double)total);
  if (drawn >= total) drawn = total - 1;
  u64 before = warp == 0 ? 0 : memory.parts[warp - 1];
  if (lane == 0 && drawn >= before && drawn < memory.parts[warp]) {
    memory.chosen[0] = warp;
    memory.chosen[1] = equals_before;
    memory.chosen[2] = before;
  }
  __syncthreads();

  // Those columns again, by all threads: side by side, one to each.
  begin = (int)memory.chosen[0] * per_warp;
  end = begin + per_warp < columns ? begin + per_warp : columns;
  seen = memory.chosen[1];
  before = memory.chosen[2];
  for (int first = begin; first < end; first += SAMPLE_THREADS) {
    int column = first + (int)threadIdx.x;
    float x = column < end ? to_float(row[column]) : MINUS_INFINITY;
    u32 order = order_of(x);
    u64 is_equal = column < end && order == threshold.order ? 1 : 0, all_equal = 0;
    u64 rank = seen + block_sum_up_to(is_equal, memory.parts, all_equal) - is_equal;
    bool counts = column < end && (order > threshold.order || (is_equal > 0 && rank < threshold.equals));
    u64 weight = counts ? weight_of(x, largest, inverse) : 0;
    u64 sum = before + block_sum_up_to(weight, memory.parts, total);
    if (drawn < sum && drawn >= sum - weight) tokens[blockIdx.x] = column;
    before += total;
    seen += all_equal;
    if (drawn < before) return;
  }
}
