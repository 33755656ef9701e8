// What the emulated driver and a compiled kernel know of each other.
#pragma once

namespace emulation {

struct Dim {
  unsigned x, y, z;
};

// What a thread leaves for the other lanes of its warp; two, used in turn, so that a lane which is ahead by one
// exchange does not overwrite what others have yet to read.
struct Exchange {
  alignas(16) unsigned words[2][16];
};

// A copy to shared memory that a thread has begun (cp.async); from is null for zeros.
struct PendingCopy {
  void* to;
  const void* from;
  unsigned bytes;
};

inline constexpr unsigned LARGEST_PENDING = 64;

struct Thread {
  Dim index;
  unsigned lane;
  unsigned turn;
  Exchange exchange;
  unsigned pending_count;
  PendingCopy pending[LARGEST_PENDING];
};

enum class Access { read, write, atomic };

// Filled in by the emulated driver, which loads the compiled kernels.
struct Runtime {
  Thread* thread;
  Thread* warp;
  Dim block_index, block_dim, grid_dim;
  void (*wait_for_block)(int line);
  void (*wait_for_warp)(unsigned mask, int line);
  void (*order_warp)(int line);
  // Where accesses are told to; null unless races are looked for. Those to the running thread's stack are its own.
  void (*touch)(const void* at, unsigned long bytes, Access access);
  const unsigned char* stack;
  void (*fail)(const char* message);
  bool copies_at_once;
};

inline constexpr unsigned STACK_BYTES = 256 << 10;
inline constexpr unsigned SHARED_CAPACITY = 232448;

}  // namespace emulation
