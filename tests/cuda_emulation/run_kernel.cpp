#include "run_kernel.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "device_memory.h"
#include "races.h"

namespace emulation {
namespace {

constexpr unsigned CANARY_BYTES = 256;
constexpr unsigned char CANARY = 0xa5;

enum class State { ready, at_block_barrier, at_warp_barrier, done };

RaceClock race_clock;

// A fiber is a stack and the place where its code stopped. On x86-64 switching saves the registers that a function must
// preserve (20 times faster than swapcontext, which also asks the system for the signal mask).
struct Fiber {
  unsigned char* stack = nullptr;
  void* stopped_at = nullptr;
#if !defined(__x86_64__)
  ucontext_t context;
#endif
  State state = State::done;
  int line = 0;
  // Whether the barrier of the warp at which it waits orders memory.
  bool orders = false;
  Thread* thread = nullptr;
};

#if defined(__x86_64__)
extern "C" void emulation_switch(void** save, void* next);
asm(R"(
.text
.globl emulation_switch
.hidden emulation_switch
.type emulation_switch, @function
emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulation_switch, .-emulation_switch
)");
#endif

Runtime runtime;
constexpr unsigned LARGEST_BLOCK = 1024;
// Side by side, so that a lane finds the others of its warp.
Thread threads[LARGEST_BLOCK];
std::vector<Fiber*> fibers;
Fiber* current = nullptr;
void* scheduler_stopped_at = nullptr;
#if !defined(__x86_64__)
ucontext_t scheduler_context;
#endif
const Launch* running = nullptr;
sigjmp_buf abandon;
int failure = 0;
std::string failure_message;

std::string where() {
  auto text = [](const Dim& dim) {
    return "(" + std::to_string(dim.x) + ", " + std::to_string(dim.y) + ", " + std::to_string(dim.z) + ")";
  };
  return " in block " + text(runtime.block_index) + (current ? ", thread " + text(current->thread->index) : "");
}

[[noreturn]] void give_up(int code, const std::string& message) {
  failure = code;
  failure_message = message;
  siglongjmp(abandon, 1);
}

void fail(const char* message) { give_up(719, message + where()); }

void on_fault(int, siginfo_t* information, void*) {
  failure = 700;
  failure_message = "a kernel touched " + device_memory().describe(reinterpret_cast<std::uint64_t>(information->si_addr)) + where();
  siglongjmp(abandon, 1);
}

// The compiler's check of alignment traps.
void on_trap(int, siginfo_t*, void*) {
  failure = 716;
  failure_message = "a kernel made an access that is not aligned to its type" + where();
  siglongjmp(abandon, 1);
}

void switch_to_scheduler() {
#if defined(__x86_64__)
  emulation_switch(&current->stopped_at, scheduler_stopped_at);
#else
  swapcontext(&current->context, &scheduler_context);
#endif
}

// A fiber's code: runs the kernel for its thread, says so, and waits to be given another thread.
void fiber_main() {
  for (;;) {
    running->kernel(running->arguments);
    current->state = State::done;
    switch_to_scheduler();
  }
}

void resume(Fiber* fiber) {
  current = fiber;
  runtime.thread = fiber->thread;
  runtime.stack = fiber->stack;
#if defined(__x86_64__)
  emulation_switch(&scheduler_stopped_at, fiber->stopped_at);
#else
  swapcontext(&scheduler_context, &fiber->context);
#endif
  current = nullptr;
}

void prepare(Fiber* fiber) {
  if (fiber->stack == nullptr) {
    fiber->stack = static_cast<unsigned char*>(
        mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (fiber->stack == MAP_FAILED) std::abort();
  }
#if defined(__x86_64__)
  // As if emulation_switch had been called from nowhere: six registers, then the address to return to, aligned so that
  // fiber_main finds the stack as after a call.
  void** top = reinterpret_cast<void**>(fiber->stack + STACK_BYTES) - 2;
  *top = reinterpret_cast<void*>(&fiber_main);
  for (int i = 0; i < 6; i++) *--top = nullptr;
  fiber->stopped_at = top;
#else
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = STACK_BYTES;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, &fiber_main, 0);
#endif
}

void wait_for_block(int line) {
  current->state = State::at_block_barrier;
  current->line = line;
  switch_to_scheduler();
}

void wait_for_warp(unsigned mask, int line) {
  if (mask != 0xffffffffu) fail("a shuffle or warp barrier with a mask that leaves lanes out");
  current->state = State::at_warp_barrier;
  current->line = line;
  current->orders = false;
  switch_to_scheduler();
}

void order_warp(int line) {
  current->state = State::at_warp_barrier;
  current->line = line;
  current->orders = true;
  switch_to_scheduler();
}

void touched(const void* at, unsigned long bytes, Access access) {
  unsigned thread = current->thread - threads;
  std::string details;
  auto offset = static_cast<std::size_t>(static_cast<const unsigned char*>(at) - running->shared);
  if (offset < SHARED_CAPACITY) {
    if (touch(race_clock, race_clock.block_start, thread, shared_records(offset, bytes), access, details)) return;
    fail((details + ", at byte " + std::to_string(offset) + " of shared memory").c_str());
  }
  auto address = reinterpret_cast<std::uint64_t>(at);
  if (touch(race_clock, race_clock.launch_start, thread, device_memory().records(address, bytes), access, details)) return;
  fail((details + ", at " + device_memory().describe(address)).c_str());
}

// Runs the lanes [first, last) until each is done or at a barrier of the block.
void run_warp(unsigned first, unsigned last, ThreadOrder order) {
  unsigned count = last - first;
  for (;;) {
    for (unsigned i = 0; i < count; i++) {
      Fiber* fiber = fibers[order == ThreadOrder::ascending ? first + i : last - 1 - i];
      if (fiber->state != State::ready) continue;
      runtime.warp = &threads[first];
      resume(fiber);
    }
    unsigned waiting = 0;
    for (unsigned i = first; i < last; i++) waiting += fibers[i]->state == State::at_warp_barrier;
    if (waiting == 0) return;
    if (waiting != count) fail("a shuffle or warp barrier that not all lanes of the warp reach");
    for (unsigned i = first; i < last; i++) {
      if (fibers[i]->line != fibers[first]->line) fail("lanes of a warp at different shuffles or warp barriers");
      fibers[i]->state = State::ready;
    }
    if (fibers[first]->orders) race_clock.pass_warp_barrier(first / 32);
  }
}

void run_block(const Launch& launch, ThreadOrder order) {
  unsigned count = launch.block.x * launch.block.y * launch.block.z;
  std::memset(launch.shared, POISON, launch.shared_bytes);
  std::memset(launch.shared + launch.shared_bytes, CANARY, CANARY_BYTES);
  race_clock.begin_block();
  for (unsigned i = 0; i < count; i++) {
    fibers[i]->state = State::ready;
    threads[i].turn = 0;
    threads[i].pending_count = 0;
  }
  for (;;) {
    for (unsigned i = 0; i < count; i += 32) {
      unsigned first = order == ThreadOrder::ascending ? i : (count - 1 - i) / 32 * 32;
      run_warp(first, first + 32 < count ? first + 32 : count, order);
    }
    unsigned done = 0;
    for (unsigned i = 0; i < count; i++) done += fibers[i]->state == State::done;
    if (done == count) break;
    if (done > 0) fail("__syncthreads() that not all threads of the block reach");
    for (unsigned i = 0; i < count; i++) {
      if (fibers[i]->line != fibers[0]->line) fail("threads of a block at different __syncthreads()");
      fibers[i]->state = State::ready;
    }
    race_clock.pass_block_barrier();
  }
  for (unsigned i = 0; i < CANARY_BYTES; i++) {
    if (launch.shared[launch.shared_bytes + i] != CANARY) fail("a write beyond the shared memory asked for");
  }
}

}  // namespace

int run_kernel(const Launch& launch, ThreadOrder order, bool check_races, std::string& message) {
  unsigned count = launch.block.x * launch.block.y * launch.block.z;
  while (fibers.size() < count) fibers.push_back(new Fiber);
  for (unsigned i = 0; i < count; i++) {
    prepare(fibers[i]);
    fibers[i]->thread = &threads[i];
    threads[i].index = {i % launch.block.x, i / launch.block.x % launch.block.y, i / launch.block.x / launch.block.y};
    threads[i].lane = i % 32;
  }
  runtime = {nullptr, nullptr, {}, launch.block, launch.grid, wait_for_block, wait_for_warp, order_warp,
             check_races ? touched : nullptr, nullptr, fail,
             order == ThreadOrder::descending};
  *launch.runtime = &runtime;
  running = &launch;
  race_clock.begin_launch();
  failure = 0;

  struct sigaction action = {}, before_segv, before_bus, before_trap;
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &before_segv);
  sigaction(SIGBUS, &action, &before_bus);
  action.sa_sigaction = on_trap;
  sigaction(SIGILL, &action, &before_trap);
  if (sigsetjmp(abandon, 1) == 0) {
    for (unsigned z = 0; z < launch.grid.z; z++) {
      for (unsigned y = 0; y < launch.grid.y; y++) {
        for (unsigned x = 0; x < launch.grid.x; x++) {
          runtime.block_index = {x, y, z};
          run_block(launch, order);
        }
      }
    }
  }
  current = nullptr;
  sigaction(SIGSEGV, &before_segv, nullptr);
  sigaction(SIGBUS, &before_bus, nullptr);
  sigaction(SIGILL, &before_trap, nullptr);
  message = failure_message;
  return failure;
}

}  // namespace emulation
