// sample: chooses a column of each row of logits by temperature, top-k and top-p; one block of 1,024 threads per row.
//
// All that decides is counted in integers: a weight exp((logit - largest) / temperature) is a whole number of 2^-40, so
// that sums do not depend on the order in which threads add, and equal draws choose equal columns. What may be chosen
// is a threshold on the logits, found digit by digit (8 bits each) from histograms of counts for top-k and of weights
// for top-p, and a number of columns exactly at the threshold, of which the lower come first. Bound by latency: some
// ten passes over a row that lies in the cache.

constexpr int SAMPLE_THREADS = 1024;
constexpr int SAMPLE_DIGITS = 256;

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

// sums[i] of `count` numbers, a power of two, becomes the sum of those from i on (reversed) or up to i.
__device__ __forceinline__ void running_sums(u64* sums, int count, bool reversed) {
  int i = threadIdx.x;
  for (int distance = 1; distance < count; distance *= 2) {
    int other = reversed ? i + distance : i - distance;
    bool within = i < count && other >= 0 && other < count;
    u64 addend = within ? sums[other] : 0;
    __syncthreads();
    if (within) sums[i] += addend;
    __syncthreads();
  }
}

// The highest threshold at which what is at or above it comes to `needed`: a count of columns, or their weights.
// Columns below `allowed` do not count, and of those at it only allowed.equals.
template <bool BY_WEIGHT>
__device__ Threshold find_threshold(const element* row, int columns, u64 needed, Threshold allowed, float largest,
                                    float inverse_temperature, u64* sums, u64* chosen) {
  u32 found = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (int i = threadIdx.x; i < SAMPLE_DIGITS; i += blockDim.x) sums[i] = 0;
    __syncthreads();
    for (int column = threadIdx.x; column < columns; column += blockDim.x) {
      float x = to_float(row[column]);
      u32 order = order_of(x);
      if (order <= allowed.order || (shift < 24 && order >> (shift + 8) != found)) continue;
      u64 addend = BY_WEIGHT ? weight_of(x, largest, inverse_temperature) : 1;
      atomicAdd(&sums[order >> shift & 255u], addend);
    }
    if (threadIdx.x == 0 && allowed.equals > 0 && (shift == 24 || allowed.order >> (shift + 8) == found)) {
      u64 one = BY_WEIGHT ? weight_of(float_of(allowed.order), largest, inverse_temperature) : 1;
      atomicAdd(&sums[allowed.order >> shift & 255u], allowed.equals * one);
    }
    __syncthreads();
    running_sums(sums, SAMPLE_DIGITS, true);
    int digit = threadIdx.x;
    if (digit < SAMPLE_DIGITS) {
      u64 above = digit == SAMPLE_DIGITS - 1 ? 0 : sums[digit + 1];
      if (sums[digit] >= needed && above < needed) {
        chosen[0] = digit;
        chosen[1] = needed - above;
      }
    }
    __syncthreads();
    found = found << 8 | (u32)chosen[0];
    needed = chosen[1];
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
  u64* sums = (u64*)shared_memory;  // SAMPLE_THREADS of them
  u64* chosen = sums + SAMPLE_THREADS;
  u64* best = chosen + 2;
  u64* invalid = best + 1;
  const element* row = logits + (long long)blockIdx.x * columns;
  if (threadIdx.x == 0) *best = *invalid = 0;
  __syncthreads();

  // The largest logit and, in the lower half, the lowest of its columns.
  u64 own = 0;
  bool wrong = false;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    float x = to_float(row[column]);
    wrong = wrong || !(x < -MINUS_INFINITY);
    u64 candidate = (u64)order_of(x) << 32 | (u32)~column;
    own = candidate > own ? candidate : own;
  }
  atomicMax(best, own);
  if (wrong) atomicMax(invalid, 1ull);
  __syncthreads();
  float largest = float_of((u32)(*best >> 32));
  if (*invalid || largest == MINUS_INFINITY) {
    if (threadIdx.x == 0) tokens[blockIdx.x] = -1;
    return;
  }
  if (temperature == 0.0f) {
    if (threadIdx.x == 0) tokens[blockIdx.x] = (int)~(u32)*best;
    return;
  }

  // Finite for every temperature: the largest logit's weight is exp(0 * inverse).
  float inverse = fminf(1.0f / temperature, -LOWEST);
  Threshold threshold = {0, 0};
  if (top_k < columns) threshold = find_threshold<false>(row, columns, top_k, threshold, largest, inverse, sums, chosen);
  if (top_p < 1.0f) {
    u64 weights = 0;
    for (int column = threadIdx.x; column < columns; column += blockDim.x) {
      float x = to_float(row[column]);
      if (order_of(x) > threshold.order) weights += weight_of(x, largest, inverse);
    }
    if (threadIdx.x == 0 && threshold.equals > 0) {
      weights += threshold.equals * weight_of(float_of(threshold.order), largest, inverse);
    }
    sums[threadIdx.x] = weights;
    __syncthreads();
    running_sums(sums, SAMPLE_THREADS, false);
    u64 needed = (u64)ceil((double)top_p * (double)sums[SAMPLE_THREADS - 1]);
    threshold = find_threshold<true>(row, columns, needed > 0 ? needed : 1, threshold, largest, inverse, sums, chosen);
  }

  // A thread takes columns that lie side by side: first how many of them are at the threshold, so that it knows which
  // of its own still count; then their weights, so that one thread knows that the draw falls on its columns.
  int per_thread = (columns + SAMPLE_THREADS - 1) / SAMPLE_THREADS;
  int first = threadIdx.x * per_thread, last = first + per_thread < columns ? first + per_thread : columns;
  u64 equals = 0;
  for (int column = first; column < last; column++) equals += order_of(to_float(row[column])) == threshold.order;
  sums[threadIdx.x] = equals;
  __syncthreads();
  running_sums(sums, SAMPLE_THREADS, false);
  u64 equals_before = sums[threadIdx.x] - equals;
  u64 seen = equals_before, weights = 0;
  for (int column = first; column < last; column++) {
    float x = to_float(row[column]);
    u32 order = order_of(x);
    bool counts = order > threshold.order || (order == threshold.order && seen++ < threshold.equals);
    if (counts) weights += weight_of(x, largest, inverse);
  }
  sums[threadIdx.x] = weights;
  __syncthreads();
  running_sums(sums, SAMPLE_THREADS, false);
  u64 total = sums[SAMPLE_THREADS - 1];
  u64 drawn = (u64)((double)draws[blockIdx.x] * (double)total);
  if (drawn >= total) drawn = total - 1;
  u64 sum = sums[threadIdx.x] - weights;
  if (drawn < sum || drawn >= sums[threadIdx.x]) return;
  seen = equals_before;
  for (int column = first; column < last; column++) {
    float x = to_float(row[column]);
    u32 order = order_of(x);
    bool counts = order > threshold.order || (order == threshold.order && seen++ < threshold.equals);
    if (counts) sum += weight_of(x, largest, inverse);
    if (drawn < sum) {
      tokens[blockIdx.x] = column;
      return;
    }
  }
}
