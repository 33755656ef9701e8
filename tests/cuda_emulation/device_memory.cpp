#include "device_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <map>

namespace emulation {
namespace {

struct Allocation {
  std::size_t bytes;
  void* mapping;
  std::size_t mapping_bytes;
  int device;
  bool live;
  Touched* records;
};

std::map<std::uint64_t, Allocation> allocations;
std::size_t live_count_now = 0;
std::size_t live_bytes_now = 0;

// The allocation that holds an address or ends nearest below it.
std::map<std::uint64_t, Allocation>::const_iterator nearest(std::uint64_t address) {
  auto next = allocations.upper_bound(address);
  return next == allocations.begin() ? allocations.end() : std::prev(next);
}

std::string hexadecimal(std::uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

}  // namespace

std::uint64_t DeviceMemory::allocate(std::size_t bytes) {
  if (live_bytes_now + bytes > capacity) return 0;
  std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t aligned = (bytes + 255) / 256 * 256;
  std::size_t inner = (aligned + page - 1) / page * page;
  std::size_t mapping_bytes = inner + 2 * page;
  void* mapping = mmap(nullptr, mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return 0;
  unsigned char* start = static_cast<unsigned char*>(mapping) + page;
  mprotect(start, inner, PROT_READ | PROT_WRITE);
  unsigned char* data = start + inner - aligned;
  std::memset(data, POISON, aligned);
  auto address = reinterpret_cast<std::uint64_t>(data);
  allocations[address] = {bytes, mapping, mapping_bytes, current_device, true, nullptr};
  live_count_now++;
  live_bytes_now += bytes;
  return address;
}

bool DeviceMemory::release(std::uint64_t address, std::string& message) {
  auto found = allocations.find(address);
  if (found == allocations.end() || !found->second.live) {
    message = (found == allocations.end() ? "free of an unknown pointer: " : "double free: ") + describe(address);
    return false;
  }
  Allocation& allocation = found->second;
  allocation.live = false;
  if (allocation.records) munmap(allocation.records, allocation.bytes * sizeof(Touched));
  allocation.records = nullptr;
  live_count_now--;
  live_bytes_now -= allocation.bytes;
  madvise(allocation.mapping, allocation.mapping_bytes, MADV_DONTNEED);
  mprotect(allocation.mapping, allocation.mapping_bytes, PROT_NONE);
  return true;
}

void DeviceMemory::release_all() {
  std::string message;
  for (auto& [address, allocation] : allocations) {
    if (allocation.live) release(address, message);
  }
}

bool DeviceMemory::covers(std::uint64_t address, std::size_t bytes, std::string& message) const {
  auto found = nearest(address);
  if (found == allocations.end() || !found->second.live || address + bytes > found->first + found->second.bytes) {
    message = std::to_string(bytes) + " bytes asked at " + describe(address);
    return false;
  }
  if (found->second.device != current_device) {
    message = describe(address) + ", of another GPU than the context that is current";
    return false;
  }
  return true;
}

Records DeviceMemory::records(std::uint64_t address, std::size_t bytes) {
  // Most accesses are near the one before.
  static Allocation* last = nullptr;
  static std::uint64_t last_start = 0;
  if (last == nullptr || !last->live || address < last_start || address + bytes > last_start + last->bytes) {
    auto found = allocations.upper_bound(address);
    if (found == allocations.begin()) return {nullptr, 0};
    --found;
    if (!found->second.live || address + bytes > found->first + found->second.bytes) return {nullptr, 0};
    last = &found->second;
    last_start = found->first;
  }
  if (last->records == nullptr) {
    // Zeros, in memory that is taken only where it is touched.
    void* mapping = mmap(nullptr, last->bytes * sizeof(Touched), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) return {nullptr, 0};
    last->records = static_cast<Touched*>(mapping);
  }
  return {last->records + (address - last_start) / BYTES_PER_RECORD, (bytes + BYTES_PER_RECORD - 1) / BYTES_PER_RECORD};
}

std::string DeviceMemory::describe(std::uint64_t address) const {
  std::string text = hexadecimal(address);
  auto found = nearest(address);
  if (found == allocations.end()) return text + ", no device memory";
  const auto& [start, allocation] = *found;
  std::uint64_t mapping_end = reinterpret_cast<std::uint64_t>(allocation.mapping) + allocation.mapping_bytes;
  if (address >= mapping_end) return text + ", no device memory";
  return text + ", " + std::to_string(address - start) + " bytes into " + (allocation.live ? "live" : "freed") +
         " device memory of " + std::to_string(allocation.bytes) + " bytes";
}

std::size_t DeviceMemory::live_count() const { return live_count_now; }
std::size_t DeviceMemory::live_bytes() const { return live_bytes_now; }

DeviceMemory& device_memory() {
  static DeviceMemory memory;
  return memory;
}

}  // namespace emulation
