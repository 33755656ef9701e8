#include "pinned_memory.h"

#include <algorithm>
#include <cstring>

namespace emulation {

bool PinnedMemory::pin(const void* start, std::size_t bytes, std::string& message) {
  auto first = static_cast<const unsigned char*>(start);
  auto page = [](const unsigned char* address) { return reinterpret_cast<std::uintptr_t>(address) / 4096; };
  for (const auto& [other, size] : ranges_) {
    if (page(first) <= page(other + size - 1) && page(other) <= page(first + bytes - 1)) {
      message = "a page is pinned that is pinned already";
      return false;
    }
  }
  ranges_[first] = bytes;
  return true;
}

bool PinnedMemory::unpin(const void* start, std::string& message) {
  auto found = ranges_.find(static_cast<const unsigned char*>(start));
  if (found == ranges_.end()) {
    message = "memory is unpinned that is not pinned";
    return false;
  }
  for (const Copy& copy : copies_) {
    if (copy.start >= found->first && copy.start < found->first + found->second) {
      message = "pinned memory is given back before the copies from it were waited for";
      return false;
    }
  }
  ranges_.erase(found);
  return true;
}

bool PinnedMemory::holds(const void* start, std::size_t bytes) const {
  auto first = static_cast<const unsigned char*>(start);
  auto next = ranges_.upper_bound(first);
  if (next == ranges_.begin()) return false;
  const auto& [range, size] = *std::prev(next);
  return first + bytes <= range + size;
}

void PinnedMemory::copy_begins(const void* start, std::size_t bytes, std::uint64_t number) {
  auto first = static_cast<const unsigned char*>(start);
  copies_.push_back({first, {first, first + bytes}, number});
}

bool PinnedMemory::waited_for(std::uint64_t number, std::string& message) {
  bool right = unchanged(message);
  copies_.erase(std::remove_if(copies_.begin(), copies_.end(), [number](const Copy& copy) { return copy.number <= number; }),
                copies_.end());
  return right;
}

bool PinnedMemory::unchanged(std::string& message) const {
  for (const Copy& copy : copies_) {
    if (std::memcmp(copy.start, copy.content.data(), copy.content.size()) != 0) {
      message = "pinned memory was written before the copy from it was waited for";
      return false;
    }
  }
  return true;
}

}  // namespace emulation
