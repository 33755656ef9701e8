// Device memory of the emulation: host memory between pages that nobody may touch, so that a kernel which leaves its
// allocation faults. New memory is poisoned (all bits set: NaN in every float format); freed memory stays unreadable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "races.h"

namespace emulation {

inline constexpr unsigned char POISON = 0xff;

class DeviceMemory {
 public:
  // Returns 0 if the device's capacity is used up.
  std::uint64_t allocate(std::size_t bytes);
  // False, with a message, if the address does not start a live allocation.
  bool release(std::uint64_t address, std::string& message);
  void release_all();
  // False, with a message, unless [address, address + bytes) lies within one live allocation.
  bool covers(std::uint64_t address, std::size_t bytes, std::string& message) const;
  // Who touched [address, address + bytes); no records where that is no live device memory.
  Records records(std::uint64_t address, std::size_t bytes);
  // Says what an address is or was, for reports of faults.
  std::string describe(std::uint64_t address) const;
  std::size_t live_count() const;
  std::size_t live_bytes() const;
  std::size_t capacity = std::size_t(4) << 30;
  // The GPU whose memory is taken, and alone covered.
  int current_device = 0;
};

DeviceMemory& device_memory();

}  // namespace emulation
