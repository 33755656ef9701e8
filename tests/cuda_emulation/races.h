// Races of a launch: two threads touch the same shared or device memory, not both only read, nor both atomically, and
// nothing orders the two: no __syncthreads() between threads of a block, no __syncwarp() between lanes of a warp;
// between blocks nothing does. Shuffles, ldmatrix and mma.sync wait for lanes but order no memory, as on a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime.h"

namespace emulation {

// Time as the races see it; it goes on from launch to launch, so that no record has to be erased.
struct RaceClock {
  std::uint32_t launch_start = 1, block_start = 1, now = 1;
  // Of each warp of the block, the __syncwarp() so far.
  std::uint32_t warp_time[32] = {};

  void begin_launch() { launch_start = now + 1; }
  void begin_block() { block_start = ++now; }
  void pass_block_barrier() { ++now; }
  void pass_warp_barrier(unsigned warp) { ++warp_time[warp]; }
};

// Accesses of one kind to two bytes.
struct Mark {
  std::uint32_t time = 0, warp_time = 0;
  // When a block made one that is not the block of the last.
  std::uint32_t other_block_time = 0;
  // The thread within its block, or that there were several.
  std::uint16_t who = 0;
};

struct Touched {
  Mark of[3];
};

// Records of some memory, one for two bytes: no element is smaller.
struct Records {
  Touched* first;
  std::size_t count;
};
inline constexpr std::size_t BYTES_PER_RECORD = 2;

// Checks a thread's access to the memory of some records against those since a time (when the block began for its
// shared memory, when the launch began for the device's), and records it. Returns false, with what is wrong, if it
// races.
bool touch(const RaceClock& clock, std::uint32_t since, unsigned thread, const Records& records, Access access,
           std::string& message);

Records shared_records(std::size_t offset, std::size_t bytes);

}  // namespace emulation
