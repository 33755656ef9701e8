// What the emulated libraries share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace emulation {

// An image of kernels is this mark and the path of a shared library with a function of this prefix for every kernel.
inline constexpr const char* IMAGE_MARK = "emulated kernels in ";
inline constexpr const char* INVOKE_PREFIX = "emulation_invoke_";
// Of functions that tell how many bytes a kernel's arguments take.
inline constexpr const char* BYTES_PREFIX = "emulation_argument_bytes_";

// Runs work on a stream, or records it if the stream is captured; returns CUDA's status.
int enqueue(std::uint64_t stream, std::function<int()> work);
// Whether [address, address + bytes) is live device memory and aligned; says why not.
bool usable(std::uint64_t address, std::size_t bytes, std::size_t alignment, const char* what);
// What emulation_message() answers next.
void say(const std::string& text);
// The code that a test has planned for the next call of a function; 0 otherwise.
int planned_status(const char* call);
// Whether kernels are compiled so, and run, that their races are found; slower by far.
bool races_checked();
// Whether the driver would load code now: while a stream is captured only in relaxed mode; says why not.
bool may_load_code(const char* call);
// Whether a stream is captured.
bool any_capture();
// The code of a fault in a kernel that the context has not got over; 0 if there was none.
int fault();

}  // namespace emulation
