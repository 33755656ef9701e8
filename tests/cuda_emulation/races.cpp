#include "races.h"

namespace emulation {
namespace {

// In place of a reader: several of them, in one warp or in several.
constexpr std::uint16_t SEVERAL_LANES = 0x4000, SEVERAL_WARPS = 0x8000;
constexpr std::uint16_t THREAD = 0x3fff;

Touched shared[SHARED_CAPACITY / BYTES_PER_RECORD];

enum class Order { same_thread, ordered, same_warp, none };

// How an access before stands to one of `thread` now.
Order order(const RaceClock& clock, unsigned thread, std::uint32_t time, std::uint32_t warp_time, std::uint16_t who) {
  if (time < clock.block_start) return Order::none;
  if (time < clock.now) return Order::ordered;
  if (who & SEVERAL_WARPS) return Order::none;
  if ((who & THREAD) / 32 != thread / 32) return Order::none;
  if (warp_time < clock.warp_time[thread / 32]) return Order::ordered;
  if (who == thread) return Order::same_thread;
  return Order::same_warp;
}

bool races(Order order) { return order == Order::same_warp || order == Order::none; }

std::string told(unsigned thread, const char* does, const RaceClock& clock, std::uint32_t time, std::uint16_t who, const char* did) {
  std::string other = time < clock.block_start ? "a thread of another block"
                      : who & SEVERAL_WARPS    ? "threads of several warps"
                                               : "thread " + std::to_string(who & THREAD);
  return "a race: thread " + std::to_string(thread) + " " + does + " what " + other + " " + did +
         (time < clock.block_start ? " in the same launch" : ", and no barrier lies between");
}

}  // namespace

bool touch(const RaceClock& clock, std::uint32_t since, unsigned thread, const Records& records, bool writes, std::string& message) {
  std::uint32_t warp_time = clock.warp_time[thread / 32];
  for (std::size_t i = 0; i < records.count; i++) {
    Touched& record = records.first[i];
    if (record.write_time >= since && races(order(clock, thread, record.write_time, record.write_warp_time, record.writer))) {
      message = told(thread, writes ? "writes" : "reads", clock, record.write_time, record.writer, "wrote");
      return false;
    }
    if (writes) {
      std::uint32_t read_time = record.other_block_read_time >= since ? record.other_block_read_time : record.read_time;
      if (read_time >= since && races(order(clock, thread, read_time, record.read_warp_time, record.reader))) {
        message = told(thread, "writes", clock, read_time, record.reader, "read");
        return false;
      }
      record.write_time = clock.now;
      record.write_warp_time = warp_time;
      record.writer = thread;
      continue;
    }
    if (record.read_time >= since && record.read_time < clock.block_start) record.other_block_read_time = record.read_time;
    if (record.read_time < clock.now) {
      record.reader = thread;
    } else if (record.reader != thread) {
      bool same_warp = !(record.reader & SEVERAL_WARPS) && (record.reader & THREAD) / 32 == thread / 32;
      record.reader = same_warp ? (thread / 32 * 32) | SEVERAL_LANES : SEVERAL_WARPS;
    }
    record.read_time = clock.now;
    record.read_warp_time = warp_time;
  }
  return true;
}

Records shared_records(std::size_t offset, std::size_t bytes) {
  return {shared + offset / BYTES_PER_RECORD, (bytes + BYTES_PER_RECORD - 1) / BYTES_PER_RECORD};
}

}  // namespace emulation
