// What a kernel's source sees when it is compiled as C++ for the emulation: CUDA's keywords, the indices of thread and
// block, barriers, shuffles, and software in place of the functions that wrap PTX. One block runs at a time, each of
// its threads on a fiber of its own; a barrier is where a fiber lets the others run.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime.h"

extern "C" emulation::Runtime* emulation_runtime;
emulation::Runtime* emulation_runtime;
// Poisoned by the driver at the start of every block; what lies behind the bytes that a launch asked for is checked at
// the end of the block.
extern "C" unsigned char shared_memory[];
alignas(128) unsigned char shared_memory[emulation::SHARED_CAPACITY + 256];

#define EMULATED_PTX 1
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __restrict__
#define __shared__
#define threadIdx (emulation_runtime->thread->index)
#define blockIdx (emulation_runtime->block_index)
#define blockDim (emulation_runtime->block_dim)
#define gridDim (emulation_runtime->grid_dim)
#define __syncthreads() emulation_runtime->wait_for_block(__LINE__)
#define __syncwarp() emulation_runtime->order_warp(__LINE__)
#define __shfl_xor_sync(mask, value, other) emulation::shuffle(mask, value, emulation_runtime->thread->lane ^ (other), __LINE__)
#define __shfl_up_sync(mask, value, distance) \
  emulation::shuffle(mask, value, emulation::lane_before(distance), __LINE__)
#define __any_sync(mask, predicate) emulation::any_lane(mask, predicate, __LINE__)
#define __ballot_sync(mask, predicate) emulation::ballot(mask, predicate, __LINE__)
#define __shfl_sync(mask, value, source) emulation::shuffle(mask, value, (source) & 31u, __LINE__)

// Where races are looked for, the compiler's instrumentation for its own finder of them calls these before each access
// to memory; what they tell is held against the barriers of a GPU, not against the locks of a program.
#define UNCHECKED __attribute__((no_sanitize("thread")))

namespace emulation {

UNCHECKED inline void touch(const void* at, unsigned long bytes, Access access) {
  Runtime* runtime = emulation_runtime;
  if (runtime->touch == nullptr) return;
  if (static_cast<unsigned long>(static_cast<const unsigned char*>(at) - runtime->stack) < STACK_BYTES) return;
  runtime->touch(at, bytes, access);
}

}  // namespace emulation

#define TELL(name, bytes, kind) \
  extern "C" UNCHECKED void __tsan_##name##bytes(void* at) { emulation::touch(at, bytes, emulation::Access::kind); }
#define ACCESS(bytes)         \
  TELL(read, bytes, read)     \
  TELL(write, bytes, write)   \
  TELL(unaligned_read, bytes, read) \
  TELL(unaligned_write, bytes, write)
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
#undef ACCESS
#undef TELL
extern "C" UNCHECKED void __tsan_read_range(void* at, unsigned long bytes) { emulation::touch(at, bytes, emulation::Access::read); }
extern "C" UNCHECKED void __tsan_write_range(void* at, unsigned long bytes) { emulation::touch(at, bytes, emulation::Access::write); }
extern "C" UNCHECKED void __tsan_init() {}

namespace emulation {

// Leaves words for the warp and returns once all lanes have left theirs; `turn` is then where they are.
UNCHECKED inline unsigned exchange(unsigned mask, const unsigned* words, int count, int line) {
  Thread* thread = emulation_runtime->thread;
  unsigned turn = thread->turn;
  thread->turn ^= 1u;
  std::memcpy(thread->exchange.words[turn], words, count * sizeof(unsigned));
  emulation_runtime->wait_for_warp(mask, line);
  return turn;
}

template <class Value>
inline Value shuffle(unsigned mask, Value value, unsigned source, int line) {
  static_assert(sizeof(Value) == 4, "shuffles move 4 bytes");
  unsigned word;
  std::memcpy(&word, &value, 4);
  unsigned turn = exchange(mask, &word, 1, line);
  std::memcpy(&value, &emulation_runtime->warp[source].exchange.words[turn][0], 4);
  return value;
}

UNCHECKED inline bool any_lane(unsigned mask, bool predicate, int line) {
  unsigned word = predicate;
  unsigned turn = exchange(mask, &word, 1, line);
  const Thread* warp = emulation_runtime->warp;
  bool any = false;
  for (unsigned lane = 0; lane < 32; lane++) any = any || warp[lane].exchange.words[turn][0];
  return any;
}

UNCHECKED inline unsigned ballot(unsigned mask, bool predicate, int line) {
  unsigned word = predicate;
  unsigned turn = exchange(mask, &word, 1, line);
  const Thread* warp = emulation_runtime->warp;
  unsigned lanes = 0;
  for (unsigned lane = 0; lane < 32; lane++) lanes |= warp[lane].exchange.words[turn][0] << lane;
  return lanes;
}

// A lane without one so far before it keeps its own value.
inline unsigned lane_before(unsigned distance) {
  unsigned lane = emulation_runtime->thread->lane;
  return lane < distance ? lane : lane - distance;
}

// Where an argument lies that follows others, up to whose end `offset` goes.
template <class Argument>
inline std::size_t aligned(std::size_t offset) {
  return (offset + alignof(Argument) - 1) / alignof(Argument) * alignof(Argument);
}

// Bytes of a kernel's arguments, without any behind the last.
template <class... Arguments>
inline unsigned long argument_bytes(void (*)(Arguments...)) {
  std::size_t offset = 0;
  ((offset = aligned<Arguments>(offset) + sizeof(Arguments)), ...);
  return offset;
}

// Calls a kernel with the arguments that a launch packed.
template <class... Arguments, std::size_t... Index>
inline void call(void (*kernel)(Arguments...), const unsigned char* packed, std::index_sequence<Index...>) {
  std::tuple<Arguments...> arguments;
  std::size_t offset = 0;
  auto unpack = [&](auto& argument) {
    offset = aligned<std::remove_reference_t<decltype(argument)>>(offset);
    std::memcpy(&argument, packed + offset, sizeof(argument));
    offset += sizeof(argument);
  };
  (unpack(std::get<Index>(arguments)), ...);
  kernel(std::get<Index>(arguments)...);
}

template <class... Arguments>
inline void invoke(void (*kernel)(Arguments...), const unsigned char* packed) {
  call(kernel, packed, std::index_sequence_for<Arguments...>{});
}

inline float bf16_to_float(unsigned bits) {
  unsigned word = bits << 16;
  float value;
  std::memcpy(&value, &word, 4);
  return value;
}

}  // namespace emulation

inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

inline float __uint_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }

UNCHECKED inline int atomicAdd(int* address, int value) {
  emulation::touch(address, sizeof(value), emulation::Access::atomic);
  int before = *address;
  *address += value;
  return before;
}

UNCHECKED inline unsigned atomicAdd(unsigned* address, unsigned value) {
  emulation::touch(address, sizeof(value), emulation::Access::atomic);
  unsigned before = *address;
  *address += value;
  return before;
}

// There are none of 64 bits: for shared memory the hardware has but an exchange, which the compiler tries again and
// again until no other thread has come between.

// mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 with PTX's layout of fragments: with group = lane / 4 and
// pair = lane % 4, a lane holds of A rows group and group + 8, columns 2 pair, 2 pair + 1 and those plus 8; of B rows
// (k) 2 pair, 2 pair + 1 and those plus 8 of column group; of C rows group and group + 8, columns 2 pair, 2 pair + 1.
#define mma_m16n8k16(d, a, b) emulation::mma(d, a, b, __LINE__)

namespace emulation {

UNCHECKED inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], int line) {
  unsigned words[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  unsigned turn = exchange(0xffffffffu, words, 6, line);
  const Thread* warp = emulation_runtime->warp;
  unsigned lane = emulation_runtime->thread->lane;
  auto element = [&](unsigned holder, int word, unsigned half) {
    return bf16_to_float((warp[holder].exchange.words[turn][word] >> (16 * half)) & 0xffffu);
  };
  for (int i = 0; i < 4; i++) {
    unsigned row = lane / 4 + (i >= 2 ? 8 : 0);
    unsigned column = lane % 4 * 2 + (i & 1);
    float sum = 0;
    for (unsigned k = 0; k < 16; k++) {
      float left = element(row % 8 * 4 + k % 8 / 2, (row >= 8 ? 1 : 0) + (k >= 8 ? 2 : 0), k & 1);
      float right = element(column * 4 + k % 8 / 2, 4 + (k >= 8 ? 1 : 0), k & 1);
      sum += left * right;
    }
    d[i] += sum;
  }
}

// ldmatrix.sync.aligned.m8n8.x4.shared.b16, plain or transposed: lanes 8 i to 8 i + 7 name the rows of matrix i; a lane
// gets elements 2 pair, 2 pair + 1 of row group of each (transposed: of column group, rows 2 pair and 2 pair + 1).
inline void load_matrices(unsigned (&d)[4], const void* row, bool transposed, int line) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) emulation_runtime->fail("ldmatrix of a row that is not aligned to 16 bytes");
  const unsigned char* address = static_cast<const unsigned char*>(row);
  if (address < shared_memory || address + 16 > shared_memory + SHARED_CAPACITY) {
    emulation_runtime->fail("ldmatrix of memory that is not shared");
  }
  unsigned words[2];
  std::memcpy(words, &address, 8);
  unsigned turn = exchange(0xffffffffu, words, 2, line);
  const Thread* warp = emulation_runtime->warp;
  unsigned lane = emulation_runtime->thread->lane;
  for (unsigned matrix = 0; matrix < 4; matrix++) {
    d[matrix] = 0;
    for (unsigned half = 0; half < 2; half++) {
      unsigned source_row = transposed ? lane % 4 * 2 + half : lane / 4;
      unsigned source_column = transposed ? lane / 4 : lane % 4 * 2 + half;
      const unsigned short* source;
      std::memcpy(&source, warp[8 * matrix + source_row].exchange.words[turn], 8);
      d[matrix] |= static_cast<unsigned>(source[source_column]) << (16 * half);
    }
  }
  // All lanes have read before any goes on and perhaps writes there.
  emulation_runtime->wait_for_warp(0xffffffffu, line);
}

}  // namespace emulation

#define load_matrices_x4(d, row) emulation::load_matrices(d, row, false, __LINE__)
#define load_matrices_x4_transposed(d, row) emulation::load_matrices(d, row, true, __LINE__)

namespace emulation {

UNCHECKED inline void finish(const PendingCopy& copy) {
  touch(copy.to, copy.bytes, Access::write);
  if (copy.from) {
    std::memcpy(copy.to, copy.from, copy.bytes);
  } else {
    std::memset(copy.to, 0, copy.bytes);
  }
}

// cp.async: a copy may happen at any time up to the wait for it. With threads in one order it happens as late as that,
// so that a kernel which reads too early reads poison; with threads in the other order at once, so that a kernel which
// overwrites what others still read gives another result.
UNCHECKED inline void copy_async(void* to, const void* from, unsigned bytes, bool valid) {
  Thread* thread = emulation_runtime->thread;
  if ((reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from)) % bytes != 0) {
    emulation_runtime->fail("cp.async of memory that is not aligned");
  }
  PendingCopy copy = {to, valid ? from : nullptr, bytes};
  if (valid) touch(from, bytes, Access::read);
  touch(to, bytes, Access::write);
  if (emulation_runtime->copies_at_once) return finish(copy);
  if (thread->pending_count == LARGEST_PENDING) emulation_runtime->fail("more cp.async than the emulation keeps");
  thread->pending[thread->pending_count++] = copy;
}

}  // namespace emulation

inline void copy_async_16(void* to, const void* from, bool valid) { emulation::copy_async(to, from, 16, valid); }
inline void copy_async_4(void* to, const void* from, bool valid) { emulation::copy_async(to, from, 4, valid); }
inline void copy_async_commit() {}
template <int pending>
UNCHECKED inline void copy_async_wait() {
  static_assert(pending == 0, "the emulation waits for all copies");
  emulation::Thread* thread = emulation_runtime->thread;
  for (unsigned i = 0; i < thread->pending_count; i++) emulation::finish(thread->pending[i]);
  thread->pending_count = 0;
}

inline float fast_exp2(float x) { return exp2f(x); }
inline float fast_reciprocal(float x) { return 1.0f / x; }

inline unsigned pack_bf16(float low, float high) {
  auto round = [](float x) {
    unsigned bits = __float_as_uint(x);
    return ((bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  };
  return round(low) | round(high) << 16;
}
