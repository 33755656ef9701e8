// Runs the blocks of a launch one after another, each thread of a block on a fiber.
#pragma once

#include <string>

#include "runtime.h"

namespace emulation {

struct Launch {
  void (*kernel)(const unsigned char* arguments);
  Runtime** runtime;
  unsigned char* shared;
  unsigned shared_bytes;
  Dim grid, block;
  const unsigned char* arguments;
};

// In which order the threads of a block run between two barriers; a kernel that lacks a barrier gives another result,
// or reads poison, in at least one.
enum class ThreadOrder { ascending, descending };

// 0, or the driver's status with a message: 700 if a kernel touched memory that is not its own, 716 if an access was
// not aligned, 719 if its threads diverged at a barrier or broke another rule.
int run_kernel(const Launch& launch, ThreadOrder order, bool check_races, std::string& message);

}  // namespace emulation
