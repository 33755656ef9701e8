// Pinned memory of the host, and the copies from it that a program may not yet believe done. The emulation copies at
// once, but a GPU would do it at any time until the program waits; so what was copied is remembered, and compared with
// what is there when the program does wait, uses the place again, or gives it back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace emulation {

class PinnedMemory {
 public:
  // False, with a message, if the range overlaps one that is pinned.
  bool pin(const void* start, std::size_t bytes, std::string& message);
  // False, with a message, if it is not pinned, or copies from it are on their way.
  bool unpin(const void* start, std::string& message);
  bool holds(const void* start, std::size_t bytes) const;
  // A copy begins: `number` is its place in the order of all work.
  void copy_begins(const void* start, std::size_t bytes, std::uint64_t number);
  // The program has waited for all work up to `number`. False, with a message, if memory was written too early.
  bool waited_for(std::uint64_t number, std::string& message);
  // False, with a message, if memory that a copy still reads was written.
  bool unchanged(std::string& message) const;
  std::size_t count() const { return ranges_.size(); }
  void forget() { ranges_.clear(), copies_.clear(); }

 private:
  struct Copy {
    const unsigned char* start;
    std::vector<unsigned char> content;
    std::uint64_t number;
  };
  std::map<const unsigned char*, std::size_t> ranges_;
  std::vector<Copy> copies_;
};

}  // namespace emulation
