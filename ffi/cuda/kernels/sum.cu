// sum and sum of squares: each block sums a share of x, one block sums the shares; the shares depend on the length
// alone, so that the result does not vary. Bound by memory.

extern "C" __global__ void sum_part(const element* x, long long n, int squared, int aligned, float* partial) {
  float sum = 0.0f;
  long long step = (long long)gridDim.x * blockDim.x * PER_PACKET;
  for (long long start = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * PER_PACKET; start < n; start += step) {
    if (aligned && start + PER_PACKET <= n) {
      Packet packet = load_packet(x + start);
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) {
        float value = to_float(packet.at[i]);
        sum += squared ? value * value : value;
      }
    } else {
      for (long long i = start; i < start + PER_PACKET && i < n; i++) {
        float value = to_float(x[i]);
        sum += squared ? value * value : value;
      }
    }
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

extern "C" __global__ void sum_finish(const float* partial, int parts, float factor, float* out) {
  float sum = 0.0f;
  for (int part = threadIdx.x; part < parts; part += blockDim.x) sum += partial[part];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *out = factor * sum;
}

// norm = sqrt(sum_of_squares); coefficient = min(1, max_norm / (norm + 1e-6)), NaN where the norm is; 1 if max_norm is
// infinity. One thread.
extern "C" __global__ void clip_coefficient(const float* sum_of_squares, float* norm, float* coefficient,
                                            float max_norm) {
  float root = sqrtf(*sum_of_squares);
  *norm = root;
  float ratio = max_norm / (root + 1e-6f);
  *coefficient = ratio > 1.0f || max_norm == -MINUS_INFINITY ? 1.0f : ratio;
}

// out = 1 / (sqrt(sum_of_squares) + epsilon). One thread.
extern "C" __global__ void inverse_norm(const float* sum_of_squares, float* out, float epsilon) {
  *out = 1.0f / (sqrtf(*sum_of_squares) + epsilon);
}
