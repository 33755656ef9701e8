#include "races.h"

namespace emulation {
namespace {

// In place of one thread: several of them, in one warp or in several.
constexpr std::uint16_t SEVERAL_LANES = 0x4000, SEVERAL_WARPS = 0x8000;
constexpr std::uint16_t THREAD = 0x3fff;

constexpr Access KINDS[] = {Access::read, Access::write, Access::atomic};

Touched shared[SHARED_CAPACITY / BYTES_PER_RECORD];

bool may_meet(Access one, Access other) { return one == other && one != Access::write; }

// Whether an access of `thread` now races with marked ones since a time.
bool races(const RaceClock& clock, std::uint32_t since, unsigned thread, const Mark& mark) {
  if (mark.other_block_time >= since) return true;
  if (mark.time < since) return false;
  if (mark.time < clock.block_start) return true;
  if (mark.time < clock.now || mark.who == thread) return false;
  bool same_warp = !(mark.who & SEVERAL_WARPS) && (mark.who & THREAD) / 32 == thread / 32;
  return !same_warp || mark.warp_time == clock.warp_time[thread / 32];
}

void note(const RaceClock& clock, std::uint32_t since, unsigned thread, Mark& mark) {
  if (mark.time >= since && mark.time < clock.block_start) mark.other_block_time = mark.time;
  bool same_warp = !(mark.who & SEVERAL_WARPS) && (mark.who & THREAD) / 32 == thread / 32;
  if (mark.time < clock.now || (same_warp && mark.warp_time < clock.warp_time[thread / 32])) {
    mark.who = thread;  // What was before is behind a barrier.
  } else if (mark.who != thread) {
    mark.who = same_warp ? (thread / 32 * 32) | SEVERAL_LANES : SEVERAL_WARPS;
  }
  mark.time = clock.now;
  mark.warp_time = clock.warp_time[thread / 32];
}

std::string told(const RaceClock& clock, std::uint32_t since, unsigned thread, Access access, const Mark& mark, Access before) {
  static const char* const does[] = {"reads", "writes", "changes atomically"};
  static const char* const did[] = {"read", "wrote", "changed atomically"};
  bool other_block = mark.other_block_time >= since || mark.time < clock.block_start;
  std::string other = other_block                                    ? "a thread of another block"
                      : mark.who & (SEVERAL_LANES | SEVERAL_WARPS) ? "several threads"
                                                                     : "thread " + std::to_string(mark.who);
  return "a race: thread " + std::to_string(thread) + " " + does[static_cast<int>(access)] + " what " + other + " " +
         did[static_cast<int>(before)] + (other_block ? " in the same launch" : ", and no barrier lies between");
}

}  // namespace

bool touch(const RaceClock& clock, std::uint32_t since, unsigned thread, const Records& records, Access access,
           std::string& message) {
  for (std::size_t i = 0; i < records.count; i++) {
    Mark* marks = records.first[i].of;
    for (Access before : KINDS) {
      const Mark& mark = marks[static_cast<int>(before)];
      if (may_meet(access, before) || !races(clock, since, thread, mark)) continue;
      message = told(clock, since, thread, access, mark, before);
      return false;
    }
    note(clock, since, thread, marks[static_cast<int>(access)]);
  }
  return true;
}

Records shared_records(std::size_t offset, std::size_t bytes) {
  return {shared + offset / BYTES_PER_RECORD, (bytes + BYTES_PER_RECORD - 1) / BYTES_PER_RECORD};
}

}  // namespace emulation
