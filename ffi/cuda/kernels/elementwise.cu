// Element by element: silu, relu_squared, add, mul, scale, axpy, and conversion. A thread takes one packet of 16 bytes;
// bound by memory. Outputs may be the inputs themselves, so that pointers are not __restrict__. `aligned` says that all
// addresses are multiples of 16.

__device__ __forceinline__ long long packet_start() {
  return ((long long)blockIdx.x * blockDim.x + threadIdx.x) * PER_PACKET;
}

template <class Function>
__device__ __forceinline__ void map(const element* x, element* out, long long n, int aligned, Function function) {
  long long start = packet_start();
  if (aligned && start + PER_PACKET <= n) {
    Packet in = load_packet(x + start);
    float result[PER_PACKET];
#pragma unroll
    for (int i = 0; i < PER_PACKET; i++) result[i] = function(to_float(in.at[i]));
    store_packet(out + start, result);
    return;
  }
  for (long long i = start; i < start + PER_PACKET && i < n; i++) store(out + i, function(to_float(x[i])));
}

template <class Function>
__device__ __forceinline__ void map(const element* a, const element* b, element* out, long long n, int aligned,
                                    Function function) {
  long long start = packet_start();
  if (aligned && start + PER_PACKET <= n) {
    Packet left = load_packet(a + start), right = load_packet(b + start);
    float result[PER_PACKET];
#pragma unroll
    for (int i = 0; i < PER_PACKET; i++) result[i] = function(to_float(left.at[i]), to_float(right.at[i]));
    store_packet(out + start, result);
    return;
  }
  for (long long i = start; i < start + PER_PACKET && i < n; i++) {
    store(out + i, function(to_float(a[i]), to_float(b[i])));
  }
}

__device__ __forceinline__ float sigmoid(float x) { return reciprocal(1.0f + exponential(-x)); }
__device__ __forceinline__ float silu_of(float x) { return x * sigmoid(x); }
// With s = sigmoid(x).
__device__ __forceinline__ float silu_slope(float x, float s) { return s * (1.0f + x * (1.0f - s)); }

extern "C" __global__ void silu(const element* x, element* out, long long n, int aligned) {
  map(x, out, n, aligned, [](float a) { return silu_of(a); });
}

extern "C" __global__ void silu_backward(const element* x, const element* d_out, element* d_x, long long n,
                                         int aligned) {
  map(x, d_out, d_x, n, aligned, [](float a, float d) { return d * silu_slope(a, sigmoid(a)); });
}

// NaN stays NaN, which fmaxf() would pass over.
__device__ __forceinline__ float relu(float x) { return x <= 0.0f ? 0.0f : x; }

extern "C" __global__ void relu_squared(const element* x, element* out, long long n, int aligned) {
  map(x, out, n, aligned, [](float a) { return relu(a) * relu(a); });
}

extern "C" __global__ void relu_squared_backward(const element* x, const element* d_out, element* d_x, long long n,
                                                 int aligned) {
  map(x, d_out, d_x, n, aligned, [](float a, float d) { return 2.0f * relu(a) * d; });
}

extern "C" __global__ void add(const element* a, const element* b, element* out, long long n, int aligned) {
  map(a, b, out, n, aligned, [](float left, float right) { return left + right; });
}

extern "C" __global__ void mul(const element* a, const element* b, element* out, long long n, int aligned) {
  map(a, b, out, n, aligned, [](float left, float right) { return left * right; });
}

// The factor is a number, or lies in device memory.
extern "C" __global__ void scale(const element* x, element* out, long long n, int aligned, float number,
                                 const float* memory) {
  float factor = memory ? *memory : number;
  map(x, out, n, aligned, [factor](float a) { return factor * a; });
}

extern "C" __global__ void axpy(const element* x, element* y, long long n, int aligned, float factor) {
  map(x, y, y, n, aligned, [factor](float a, float b) { return b + factor * a; });
}

// Floats beside a packet of elements: 16 bytes at a time as well.
struct alignas(16) FloatsOfPacket {
  float at[PER_PACKET];
};

extern "C" __global__ void axpy_to_float(const element* x, float* y, long long n, int aligned, float factor) {
  long long start = packet_start();
  if (aligned && start + PER_PACKET <= n) {
    Packet in = load_packet(x + start);
    FloatsOfPacket sum = *(FloatsOfPacket*)(y + start);
#pragma unroll
    for (int i = 0; i < PER_PACKET; i++) sum.at[i] += factor * to_float(in.at[i]);
    *(FloatsOfPacket*)(y + start) = sum;
    return;
  }
  for (long long i = start; i < start + PER_PACKET && i < n; i++) y[i] += factor * to_float(x[i]);
}

extern "C" __global__ void convert_from_float(const float* source, element* destination, long long n, int aligned) {
  long long start = packet_start();
  if (aligned && start + PER_PACKET <= n) {
    FloatsOfPacket in = *(const FloatsOfPacket*)(source + start);
    store_packet(destination + start, in.at);
    return;
  }
  for (long long i = start; i < start + PER_PACKET && i < n; i++) store(destination + i, source[i]);
}

extern "C" __global__ void convert_to_float(const element* source, float* destination, long long n, int aligned) {
  long long start = packet_start();
  if (aligned && start + PER_PACKET <= n) {
    Packet in = load_packet(source + start);
    FloatsOfPacket out;
#pragma unroll
    for (int i = 0; i < PER_PACKET; i++) out.at[i] = to_float(in.at[i]);
    *(FloatsOfPacket*)(destination + start) = out;
    return;
  }
  for (long long i = start; i < start + PER_PACKET && i < n; i++) destination[i] = to_float(source[i]);
}
