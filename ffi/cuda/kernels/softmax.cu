// softmax, its gradient, and cross entropy fused with its gradient. One block per row, of up to 1,024 threads, two to a
// multiprocessor. A first pass over the row finds maximum and sum of exponentials together, a second (from the cache)
// writes the result. Bound by memory.

// Where rows do not start at multiples of 16 bytes (GPT-2's vocabulary is odd), a thread reads so many single elements
// before it uses them: one at a time would leave the memory waiting for the thread.
constexpr int ELEMENTS_AT_ONCE = 8;

// out[column] = function(x[column], column); out may be x.
template <class Function>
__device__ __forceinline__ void map_row(const element* x, element* out, int columns, int aligned, Function function) {
  if (aligned) {
    for (int column = threadIdx.x * PER_PACKET; column < columns; column += blockDim.x * PER_PACKET) {
      Packet packet = load_packet(x + column);
      float result[PER_PACKET];
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) result[i] = function(to_float(packet.at[i]), column + i);
      store_packet(out + column, result);
    }
  } else {
    int step = blockDim.x;
    for (int first = threadIdx.x; first < columns; first += ELEMENTS_AT_ONCE * step) {
      element read[ELEMENTS_AT_ONCE];
#pragma unroll
      for (int i = 0; i < ELEMENTS_AT_ONCE; i++) {
        if (first + i * step < columns) read[i] = x[first + i * step];
      }
#pragma unroll
      for (int i = 0; i < ELEMENTS_AT_ONCE; i++) {
        int column = first + i * step;
        if (column < columns) store(out + column, function(to_float(read[i]), column));
      }
    }
  }
}

__device__ __forceinline__ SoftmaxState row_state(const element* row, int columns, int aligned) {
  SoftmaxState state = {LOWEST, 0.0f};
  if (aligned) {
    for (int column = threadIdx.x * PER_PACKET; column < columns; column += blockDim.x * PER_PACKET) {
      Packet packet = load_packet(row + column);
      float x[PER_PACKET];
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) x[i] = to_float(packet.at[i]);
      include(state, x);
    }
  } else {
    int step = blockDim.x;
    for (int first = threadIdx.x; first < columns; first += ELEMENTS_AT_ONCE * step) {
      float x[ELEMENTS_AT_ONCE];
#pragma unroll
      for (int i = 0; i < ELEMENTS_AT_ONCE; i++) {
        x[i] = first + i * step < columns ? to_float(row[first + i * step]) : MINUS_INFINITY;
      }
      include(state, x);
    }
  }
  return block_merge(state);
}

extern "C" __global__ void __launch_bounds__(1024, 2)
softmax(const element* x, element* out, int columns, int aligned) {
  long long start = (long long)blockIdx.x * columns;
  SoftmaxState state = row_state(x + start, columns, aligned);
  float inverse = 1.0f / state.sum, maximum = state.maximum;
  map_row(x + start, out + start, columns, aligned,
          [inverse, maximum](float a, int) { return exponential(a - maximum) * inverse; });
}

// d_x may be d_out.
extern "C" __global__ void __launch_bounds__(1024, 2)
softmax_backward(const element* out, const element* d_out, element* d_x, int columns, int aligned) {
  long long start = (long long)blockIdx.x * columns;
  out += start;
  d_out += start;
  float dot = 0.0f;
  if (aligned) {
    for (int column = threadIdx.x * PER_PACKET; column < columns; column += blockDim.x * PER_PACKET) {
      Packet y = load_packet(out + column), d = load_packet(d_out + column);
#pragma unroll
      for (int i = 0; i < PER_PACKET; i++) dot += to_float(y.at[i]) * to_float(d.at[i]);
    }
  } else {
    for (int column = threadIdx.x; column < columns; column += blockDim.x) {
      dot += to_float(out[column]) * to_float(d_out[column]);
    }
  }
  dot = block_sum(dot);
  map_row(d_out, d_x + start, columns, aligned,
          [dot, out](float d, int column) { return to_float(out[column]) * (d - dot); });
}

// losses[row] = log(sum(exp(logits[row]))) - logits[row][target]; d_logits (null for none, may be logits) gets
// scale * (softmax - one_hot).
extern "C" __global__ void __launch_bounds__(1024, 2)
cross_entropy(const element* logits, const int* targets, float* losses, element* d_logits, float scale, int columns,
              int aligned) {
  long long start = (long long)blockIdx.x * columns;
  int target = targets[blockIdx.x];
  bool valid = target >= 0 && target < columns;
  // Read before the barriers within row_state, behind which it may be overwritten.
  float target_logit = valid ? to_float(logits[start + target]) : NOT_A_NUMBER;
  SoftmaxState state = row_state(logits + start, columns, aligned);
  if (threadIdx.x == 0) losses[blockIdx.x] = logf(state.sum) + (state.maximum - target_logit);
  if (!d_logits) return;
  float factor = (valid ? scale : NOT_A_NUMBER) / state.sum, maximum = state.maximum;
  map_row(logits + start, d_logits + start, columns, aligned, [=](float a, int column) {
    return factor * exponential(a - maximum) - (column == target ? scale : 0.0f);
  });
}
