// Sums and maxima over a warp and a block, in an order that does not vary. A block's size is a multiple of 32.

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
  return x;
}

// Every thread gets the block's sum. Uses the first 128 bytes of shared memory.
__device__ __forceinline__ float block_sum(float x) {
  float* partial = (float*)shared_memory;
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  x = warp_sum(x);
  __syncthreads();  // Whoever still reads from a use before has done so.
  if (lane == 0) partial[warp] = x;
  __syncthreads();
  return warp_sum(lane < warps ? partial[lane] : 0.0f);
}

// The sum over the block's threads before this one. Uses the first 128 bytes of shared memory.
__device__ __forceinline__ int block_sum_before(int x) {
  int* partial = (int*)shared_memory;
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  int sum = x;
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    int other = __shfl_up_sync(0xffffffffu, sum, offset);
    if (lane >= offset) sum += other;
  }
  __syncthreads();
  if (lane == 31) partial[warp] = sum;
  __syncthreads();
  int before = sum - x;
  for (int i = 0; i < warp; i++) before += partial[i];
  return before;
}

// A softmax's running maximum and sum of exponentials relative to it.
struct SoftmaxState {
  float maximum, sum;
};

__device__ __forceinline__ void include(SoftmaxState& state, float x) {
  float maximum = fmaxf(state.maximum, x);
  state.sum = state.sum * exponential(state.maximum - maximum) + exponential(x - maximum);
  state.maximum = maximum;
}

// Several at a time: one exponential for each, and one to make room for a larger maximum.
template <int COUNT>
__device__ __forceinline__ void include(SoftmaxState& state, const float (&x)[COUNT]) {
  float maximum = state.maximum;
#pragma unroll
  for (int i = 0; i < COUNT; i++) maximum = fmaxf(maximum, x[i]);
  float sum = state.sum * exponential(state.maximum - maximum);
#pragma unroll
  for (int i = 0; i < COUNT; i++) sum += exponential(x[i] - maximum);
  state = {maximum, sum};
}

__device__ __forceinline__ SoftmaxState merge(SoftmaxState a, SoftmaxState b) {
  float maximum = fmaxf(a.maximum, b.maximum);
  SoftmaxState both = {maximum, a.sum * exponential(a.maximum - maximum) + b.sum * exponential(b.maximum - maximum)};
  return both;
}

__device__ __forceinline__ SoftmaxState warp_merge(SoftmaxState state) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    SoftmaxState other = {__shfl_xor_sync(0xffffffffu, state.maximum, offset),
                          __shfl_xor_sync(0xffffffffu, state.sum, offset)};
    state = merge(state, other);
  }
  return state;
}

// Every thread gets the block's state. Uses the first 256 bytes of shared memory.
__device__ __forceinline__ SoftmaxState block_merge(SoftmaxState state) {
  SoftmaxState* partial = (SoftmaxState*)shared_memory;
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  state = warp_merge(state);
  __syncthreads();
  if (lane == 0) partial[warp] = state;
  __syncthreads();
  SoftmaxState nothing = {LOWEST, 0.0f};
  return warp_merge(lane < warps ? partial[lane] : nothing);
}
