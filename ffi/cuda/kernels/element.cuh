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

// Rounds to nearest, ties to even; keeps NaN a NaN.
__device__ __forceinline__ bf16 to_bf16(float x) {
  u32 bits = __float_as_uint(x);
  u32 rounded = (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u);
  bf16 result;
  result.bits = (u16)(rounded >> 16);
  return result;
}

__device__ __forceinline__ void store(float* to, float x) { *to = x; }
__device__ __forceinline__ void store(bf16* to, float x) { *to = to_bf16(x); }

__device__ __forceinline__ float to_element_value(float x, float*) { return x; }
__device__ __forceinline__ bf16 to_element_value(float x, bf16*) { return to_bf16(x); }
__device__ __forceinline__ element to_element(float x) { return to_element_value(x, (element*)0); }

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

struct alignas(2 * sizeof(element)) Pair {
  element first, second;
};

// 16 bytes, what a thread reads or writes at once where addresses allow.
constexpr int PER_PACKET = 16 / sizeof(element);
struct alignas(16) Packet {
  element at[PER_PACKET];
};

__device__ __forceinline__ Packet load_packet(const element* from) { return *(const Packet*)from; }
__device__ __forceinline__ void store_packet(element* to, const Packet& packet) { *(Packet*)to = packet; }
