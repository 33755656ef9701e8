// The type of activations and weights in this compilation (float, or bfloat16 with arithmetic in float), and 16-byte
// packets of it. Compiled once with ELEMENT_IS_BF16=0 and once with 1. Nothing here needs a header of the toolkit.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct alignas(2) bf16 {
  u16 bits;
};

extern __shared__ __align__(128) unsigned char shared_memory[];

#define LOWEST -3.402823466e+38f
#define NOT_A_NUMBER __uint_as_float(0x7fc00000u)
#define MINUS_INFINITY __uint_as_float(0xff800000u)

#if ELEMENT_IS_BF16
typedef bf16 element;
#else
typedef float element;
#endif

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __uint_as_float((u32)x.bits << 16); }

__device__ __forceinline__ bf16 to_bf16(float x) {
  bf16 result;
  result.bits = (u16)pack_bf16(x, 0.0f);
  return result;
}

__device__ __forceinline__ void store(float* to, float x) { *to = x; }
__device__ __forceinline__ void store(bf16* to, float x) { *to = to_bf16(x); }

// Gradients of weights are float or bfloat16 whatever the activations are; the caller says which.
__device__ __forceinline__ float load_either(const void* base, int is_bf16, long long index) {
  return is_bf16 ? to_float(((const bf16*)base)[index]) : ((const float*)base)[index];
}
__device__ __forceinline__ void store_either(void* base, int is_bf16, long long index, float x) {
  if (is_bf16) {
    ((bf16*)base)[index] = to_bf16(x);
  } else {
    ((float*)base)[index] = x;
  }
}

// 16 bytes, what a thread reads or writes at once where addresses allow.
constexpr int PER_PACKET = 16 / sizeof(element);
struct alignas(16) Packet {
  element at[PER_PACKET];
};

__device__ __forceinline__ Packet load_packet(const element* from) { return *(const Packet*)from; }

struct alignas(16) Words {
  u32 at[4];
};

__device__ __forceinline__ void store_packet(element* to, const float (&x)[PER_PACKET]) {
  Words words;
#pragma unroll
  for (int i = 0; i < 4; i++) {
#if ELEMENT_IS_BF16
    words.at[i] = pack_bf16(x[2 * i], x[2 * i + 1]);
#else
    words.at[i] = __float_as_uint(x[i]);
#endif
  }
  *(Words*)to = words;
}

constexpr float LOG2_E = 1.4426950408889634f;

// e^x, and 1 / x: as exact as the element type can show.
__device__ __forceinline__ float exponential(float x) {
#if ELEMENT_IS_BF16
  return fast_exp2(x * LOG2_E);
#else
  return expf(x);
#endif
}
__device__ __forceinline__ float reciprocal(float x) {
#if ELEMENT_IS_BF16
  return fast_reciprocal(x);
#else
  return 1.0f / x;
#endif
}

// Where a block belongs to a row, along y to one piece of it: the item of the row that a thread takes. Nobody has to
// divide.
__device__ __forceinline__ int item_of_row() { return blockIdx.y * blockDim.x + threadIdx.x; }
