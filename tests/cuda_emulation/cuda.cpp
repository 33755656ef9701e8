// The part of libcuda that ffi/cuda uses, on the host. Work on a stream is done when it is queued, or recorded while
// the stream is captured. Misuse is an error with CUDA's status code; emulation_message() says more.
#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "device_memory.h"
#include "emulation.h"
#include "pinned_memory.h"
#include "run_kernel.h"

namespace emulation {
namespace {

enum Status {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  LAUNCH_OUT_OF_RESOURCES = 701,
  ALREADY_PINNED = 712,
  NOT_PINNED = 713,
  CAPTURE_UNSUPPORTED = 900,
};

struct Graph {
  std::vector<std::function<int()>> work;
};

struct Stream {
  int device;
  std::unique_ptr<Graph> capturing;
  int capture_mode = 0;
};

struct Module {
  int device;
  void* library;
};

struct Kernel {
  int device;
  std::string name;
  Launch launch;
  unsigned long argument_bytes = 0;
  unsigned largest_shared = 48 << 10;
};

struct Event {
  std::chrono::steady_clock::time_point at;
  // All work up to this number lies before it.
  std::uint64_t number = 0;
};

bool initialized = false;
// How often each GPU's primary context is retained; its handle is one more than the GPU's number.
std::map<int, int> contexts;
constexpr int NO_CONTEXT = -1;
// The GPU whose context is current.
int current = NO_CONTEXT;
int sticky = 0;
std::string message;
PinnedMemory pinned;
// Copies from pinned memory so far, in the order in which they were queued.
std::uint64_t copies = 0;
// What tests change: codes that the next call of a function returns, and what the machine is like.
std::map<std::string, int> planned;
int driver_version = 13000;
int device_count = 1;
bool same_address_for_pinned = true;
ThreadOrder order = ThreadOrder::ascending;
bool check_races = false;
std::map<std::uint64_t, std::unique_ptr<Stream>> streams;
std::map<std::uint64_t, std::unique_ptr<Graph>> graphs;
std::map<std::uint64_t, std::unique_ptr<Module>> modules;
std::map<std::uint64_t, std::unique_ptr<Kernel>> kernels;
std::map<std::uint64_t, std::unique_ptr<Event>> events;
std::uint64_t next_handle = 1000;

int error(Status status, const std::string& text) {
  message = text;
  return status;
}

template <class Thing>
Thing* find(std::map<std::uint64_t, std::unique_ptr<Thing>>& things, std::uint64_t handle) {
  auto found = things.find(handle);
  return found == things.end() ? nullptr : found->second.get();
}

template <class Thing>
std::uint64_t keep(std::map<std::uint64_t, std::unique_ptr<Thing>>& things, std::unique_ptr<Thing> thing) {
  things[next_handle] = std::move(thing);
  return next_handle++;
}

// The code that a test has planned for the next call of a function; 0 otherwise.
int planned_failure(const char* call) {
  auto found = planned.find(call);
  if (found == planned.end()) return 0;
  int code = found->second;
  planned.erase(found);
  message = std::string(call) + " fails as planned";
  return code;
}

// What every call but the first few needs: a context, and no fault in a kernel so far.
int ready() {
  if (!initialized) return error(NOT_INITIALIZED, "cuInit was not called");
  if (current == NO_CONTEXT) return error(INVALID_CONTEXT, "no context is current");
  return sticky;
}

}  // namespace

bool any_capture() {
  for (auto& [handle, stream] : streams) {
    if (stream->capturing) return true;
  }
  return false;
}

int enqueue(std::uint64_t handle, std::function<int()> work) {
  if (int status = ready()) return status;
  Stream* stream = find(streams, handle);
  if (stream == nullptr) return error(INVALID_HANDLE, "no such stream");
  if (stream->device != current) return error(INVALID_HANDLE, "the stream is of another GPU than the context that is current");
  if (stream->capturing) {
    stream->capturing->work.push_back(std::move(work));
    return SUCCESS;
  }
  int status = work();
  if (status >= 700 && status < 800) sticky = status;
  return status;
}

bool usable(std::uint64_t address, std::size_t bytes, std::size_t alignment, const char* what) {
  std::string details;
  if (!device_memory().covers(address, bytes, details)) {
    message = std::string(what) + ": " + details;
    return false;
  }
  if (address % alignment != 0) {
    message = std::string(what) + ": not aligned to " + std::to_string(alignment) + " bytes: " + device_memory().describe(address);
    return false;
  }
  return true;
}

void say(const std::string& text) { message = text; }

int planned_status(const char* call) { return planned_failure(call); }

int fault() { return sticky; }

bool may_load_code(const char* call) {
  constexpr int RELAXED = 2;
  for (auto& [handle, stream] : streams) {
    if (!stream->capturing || stream->capture_mode == RELAXED) continue;
    error(CAPTURE_UNSUPPORTED, std::string(call) + ": code is loaded while a stream is captured, and not in relaxed mode");
    return false;
  }
  return true;
}

bool races_checked() { return check_races; }

}  // namespace emulation

using namespace emulation;

extern "C" {

// For tests, beside CUDA's own functions.
void emulation_message(char* text, std::uint64_t size) {
  std::strncpy(text, message.c_str(), size - 1);
  text[size - 1] = 0;
}
std::uint64_t emulation_live_allocations() { return device_memory().live_count(); }
std::uint64_t emulation_live_handles() { return streams.size() + graphs.size() + modules.size() + events.size() + contexts.size() + pinned.count(); }
void emulation_set_thread_order(int descending) { order = descending ? ThreadOrder::descending : ThreadOrder::ascending; }
void emulation_check_races(int check) { check_races = check != 0; }
void emulation_plan(const char* call, int code) { planned[call] = code; }
void emulation_set_machine(int version, int devices, int same_address) {
  driver_version = version;
  device_count = devices;
  same_address_for_pinned = same_address != 0;
}
void emulation_set_capacity(std::uint64_t bytes) { device_memory().capacity = bytes; }

int cuInit(unsigned flags) {
  if (flags != 0) return error(INVALID_VALUE, "cuInit: flags must be 0");
  if (int status = planned_failure("cuInit")) return status;
  if (device_count == 0) return error(NO_DEVICE, "there is no device");
  initialized = true;
  return SUCCESS;
}

int cuDriverGetVersion(int* version) {
  if (int status = planned_failure("cuDriverGetVersion")) return status;
  *version = driver_version;
  return SUCCESS;
}

int cuDeviceGetCount(int* count) {
  *count = device_count;
  return initialized ? SUCCESS : NOT_INITIALIZED;
}

int cuDeviceGet(int* device, int ordinal) {
  if (!initialized) return NOT_INITIALIZED;
  if (ordinal < 0 || ordinal >= device_count) return error(INVALID_DEVICE, "there is no such device");
  *device = ordinal;
  return SUCCESS;
}

int cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "emulated GPU", length - 1);
  name[length - 1] = 0;
  return SUCCESS;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  const char* architecture = std::getenv("DENOLM_EMULATED_ARCHITECTURE");
  int capability = architecture ? std::atoi(architecture) : 90;
  switch (attribute) {
    case 16: *value = 4; return SUCCESS;
    case 38: *value = 1 << 20; return SUCCESS;
    case 75: *value = capability / 10; return SUCCESS;
    case 76: *value = capability % 10; return SUCCESS;
    case 91: *value = same_address_for_pinned ? 1 : 0; return SUCCESS;
    case 97: *value = SHARED_CAPACITY; return SUCCESS;
    default: return error(INVALID_VALUE, "cuDeviceGetAttribute: not emulated: " + std::to_string(attribute));
  }
}

int cuDeviceTotalMem_v2(std::uint64_t* bytes, int) {
  *bytes = device_memory().capacity;
  return SUCCESS;
}

int cuDevicePrimaryCtxRetain(std::uint64_t* context, int device) {
  if (!initialized) return NOT_INITIALIZED;
  contexts[device]++;
  *context = device + 1;
  return SUCCESS;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  if (contexts.count(device) == 0) return error(INVALID_CONTEXT, "the context was not retained");
  int before = sticky;
  if (--contexts[device] > 0) return before;
  contexts.erase(device);
  if (current == device) current = NO_CONTEXT;
  // After a fault nothing could be freed one by one; it goes with the context. Else what is left counts as leaked.
  if (sticky != 0 && contexts.empty()) {
    device_memory().release_all();
    streams.clear();
    graphs.clear();
    modules.clear();
    kernels.clear();
    events.clear();
    pinned.forget();
  }
  if (contexts.empty()) sticky = 0;
  return before;
}

int cuCtxSetCurrent(std::uint64_t context) {
  if (contexts.count(static_cast<int>(context) - 1) == 0) return error(INVALID_CONTEXT, "no such context");
  current = device_memory().current_device = static_cast<int>(context) - 1;
  return SUCCESS;
}

int cuCtxGetDevice(int* device) {
  *device = current;
  return ready();
}

int cuMemHostRegister_v2(void* start, std::uint64_t bytes, unsigned flags) {
  if (int status = ready()) return status;
  if (int status = planned_failure("cuMemHostRegister")) return status;
  if (bytes == 0 || flags > 3) return error(INVALID_VALUE, "cuMemHostRegister");
  return pinned.pin(start, bytes, message) ? SUCCESS : ALREADY_PINNED;
}

int cuMemHostUnregister(void* start) {
  if (int status = ready()) return status;
  return pinned.unpin(start, message) ? SUCCESS : NOT_PINNED;
}

int cuMemHostGetDevicePointer_v2(std::uint64_t* address, void* start, unsigned) {
  if (int status = ready()) return status;
  if (!pinned.holds(start, 1)) return error(INVALID_VALUE, "cuMemHostGetDevicePointer: the memory is not pinned");
  *address = reinterpret_cast<std::uint64_t>(start);
  return SUCCESS;
}

int cuMemGetInfo_v2(std::uint64_t* free, std::uint64_t* total) {
  *total = device_memory().capacity;
  *free = *total - device_memory().live_bytes();
  return ready();
}

int cuMemAlloc_v2(std::uint64_t* address, std::uint64_t bytes) {
  if (int status = ready()) return status;
  if (any_capture()) return error(CAPTURE_UNSUPPORTED, "memory is allocated while a stream is captured");
  if (int status = planned_failure("cuMemAlloc")) return status;
  if (bytes == 0) return error(INVALID_VALUE, "an allocation of no bytes");
  *address = device_memory().allocate(bytes);
  return *address == 0 ? error(OUT_OF_MEMORY, "the capacity is used up") : SUCCESS;
}

int cuMemFree_v2(std::uint64_t address) {
  if (int status = ready()) return status;
  if (any_capture()) return error(CAPTURE_UNSUPPORTED, "memory is freed while a stream is captured");
  return device_memory().release(address, message) ? SUCCESS : INVALID_VALUE;
}

int cuMemcpyHtoDAsync_v2(std::uint64_t to, const void* from, std::uint64_t bytes, std::uint64_t stream) {
  if (int status = ready()) return status;
  if (any_capture()) return error(CAPTURE_UNSUPPORTED, "memory of the host that may change is copied while a stream is captured");
  if (!usable(to, bytes, 1, "cuMemcpyHtoD")) return INVALID_VALUE;
  if (!pinned.unchanged(message)) return INVALID_VALUE;
  if (pinned.holds(from, bytes)) pinned.copy_begins(from, bytes, ++copies);
  return enqueue(stream, [=] {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return SUCCESS;
  });
}

int cuMemcpyDtoHAsync_v2(void* to, std::uint64_t from, std::uint64_t bytes, std::uint64_t stream) {
  if (int status = ready()) return status;
  if (any_capture()) return error(CAPTURE_UNSUPPORTED, "memory is read back while a stream is captured");
  if (!usable(from, bytes, 1, "cuMemcpyDtoH")) return INVALID_VALUE;
  return enqueue(stream, [=] {
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    return SUCCESS;
  });
}

int cuMemcpyDtoDAsync_v2(std::uint64_t to, std::uint64_t from, std::uint64_t bytes, std::uint64_t stream) {
  if (int status = ready()) return status;
  if (!usable(to, bytes, 1, "cuMemcpyDtoD, to") || !usable(from, bytes, 1, "cuMemcpyDtoD, from")) return INVALID_VALUE;
  return enqueue(stream, [=] {
    if (!usable(to, bytes, 1, "cuMemcpyDtoD, to") || !usable(from, bytes, 1, "cuMemcpyDtoD, from")) return 700;
    std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
    return 0;
  });
}

int cuMemsetD32Async(std::uint64_t to, unsigned value, std::uint64_t count, std::uint64_t stream) {
  if (int status = ready()) return status;
  if (!usable(to, 4 * count, 4, "cuMemsetD32")) return INVALID_VALUE;
  return enqueue(stream, [=] {
    if (!usable(to, 4 * count, 4, "cuMemsetD32")) return 700;
    for (std::uint64_t i = 0; i < count; i++) reinterpret_cast<unsigned*>(to)[i] = value;
    return 0;
  });
}

int cuMemsetD16Async(std::uint64_t to, unsigned short value, std::uint64_t count, std::uint64_t stream) {
  if (int status = ready()) return status;
  if (!usable(to, 2 * count, 2, "cuMemsetD16")) return INVALID_VALUE;
  return enqueue(stream, [=] {
    if (!usable(to, 2 * count, 2, "cuMemsetD16")) return 700;
    for (std::uint64_t i = 0; i < count; i++) reinterpret_cast<unsigned short*>(to)[i] = value;
    return 0;
  });
}

int cuStreamCreate(std::uint64_t* stream, unsigned) {
  if (int status = ready()) return status;
  auto made = std::make_unique<Stream>();
  made->device = current;
  *stream = keep(streams, std::move(made));
  return SUCCESS;
}

int cuStreamDestroy_v2(std::uint64_t stream) {
  return streams.erase(stream) ? SUCCESS : error(INVALID_HANDLE, "no such stream");
}

int cuStreamSynchronize(std::uint64_t handle) {
  if (int status = ready()) return status;
  Stream* stream = find(streams, handle);
  if (stream == nullptr) return error(INVALID_HANDLE, "no such stream");
  if (stream->capturing) return error(CAPTURE_UNSUPPORTED, "a captured stream is waited for");
  // On a GPU a fault in a kernel shows here or later, not where the kernel was queued.
  if (int status = planned_failure("cuStreamSynchronize")) return sticky = status;
  return pinned.waited_for(copies, message) ? SUCCESS : INVALID_VALUE;
}

int cuStreamBeginCapture_v2(std::uint64_t handle, int mode) {
  if (int status = ready()) return status;
  Stream* stream = find(streams, handle);
  if (stream == nullptr || stream->capturing) return error(INVALID_HANDLE, "no such stream, or captured already");
  stream->capturing = std::make_unique<Graph>();
  stream->capture_mode = mode;
  return SUCCESS;
}

int cuStreamEndCapture(std::uint64_t handle, std::uint64_t* graph) {
  Stream* stream = find(streams, handle);
  if (stream == nullptr || !stream->capturing) return error(INVALID_HANDLE, "the stream is not captured");
  *graph = keep(graphs, std::move(stream->capturing));
  return SUCCESS;
}

int cuGraphInstantiateWithFlags(std::uint64_t* executable, std::uint64_t handle, unsigned long long) {
  Graph* graph = find(graphs, handle);
  if (graph == nullptr) return error(INVALID_HANDLE, "no such graph");
  *executable = keep(graphs, std::make_unique<Graph>(*graph));
  return SUCCESS;
}

int cuGraphLaunch(std::uint64_t handle, std::uint64_t stream) {
  Graph* graph = find(graphs, handle);
  if (graph == nullptr) return error(INVALID_HANDLE, "no such graph");
  for (auto& work : graph->work) {
    if (int status = enqueue(stream, work)) return status;
  }
  return SUCCESS;
}

int cuGraphExecDestroy(std::uint64_t graph) { return graphs.erase(graph) ? SUCCESS : error(INVALID_HANDLE, "no such graph"); }
int cuGraphDestroy(std::uint64_t graph) { return cuGraphExecDestroy(graph); }

int cuEventCreate(std::uint64_t* event, unsigned) {
  if (int status = ready()) return status;
  *event = keep(events, std::make_unique<Event>());
  return SUCCESS;
}

int cuEventRecord(std::uint64_t handle, std::uint64_t stream) {
  Event* event = find(events, handle);
  if (event == nullptr) return error(INVALID_HANDLE, "no such event");
  event->number = copies;
  return enqueue(stream, [=] {
    event->at = std::chrono::steady_clock::now();
    return SUCCESS;
  });
}

int cuEventSynchronize(std::uint64_t handle) {
  Event* event = find(events, handle);
  if (event == nullptr) return error(INVALID_HANDLE, "no such event");
  if (int status = ready()) return status;
  return pinned.waited_for(event->number, message) ? SUCCESS : INVALID_VALUE;
}

int cuEventElapsedTime(float* milliseconds, std::uint64_t start, std::uint64_t end) {
  Event *first = find(events, start), *second = find(events, end);
  if (first == nullptr || second == nullptr) return error(INVALID_HANDLE, "no such event");
  *milliseconds = std::chrono::duration<float, std::milli>(second->at - first->at).count();
  return SUCCESS;
}

int cuEventDestroy_v2(std::uint64_t event) { return events.erase(event) ? SUCCESS : error(INVALID_HANDLE, "no such event"); }

// An image is the path of the library that the emulated NVRTC has built, behind a mark.
int cuModuleLoadData(std::uint64_t* module, const void* image) {
  if (int status = ready()) return status;
  if (!may_load_code("cuModuleLoadData")) return CAPTURE_UNSUPPORTED;
  if (int status = planned_failure("cuModuleLoadData")) return status;
  const char* text = static_cast<const char*>(image);
  if (std::strncmp(text, IMAGE_MARK, std::strlen(IMAGE_MARK)) != 0) return error(INVALID_IMAGE, "not an image of this emulation");
  void* library = dlopen(text + std::strlen(IMAGE_MARK), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return error(INVALID_IMAGE, dlerror());
  auto loaded = std::make_unique<Module>();
  loaded->device = current;
  loaded->library = library;
  *module = keep(modules, std::move(loaded));
  return SUCCESS;
}

int cuModuleUnload(std::uint64_t handle) {
  Module* module = find(modules, handle);
  if (module == nullptr) return error(INVALID_HANDLE, "no such module");
  dlclose(module->library);
  modules.erase(handle);
  return SUCCESS;
}

int cuModuleGetFunction(std::uint64_t* function, std::uint64_t handle, const char* name) {
  Module* module = find(modules, handle);
  if (module == nullptr) return error(INVALID_HANDLE, "no such module");
  if (!may_load_code("cuModuleGetFunction")) return CAPTURE_UNSUPPORTED;
  void* invoke = dlsym(module->library, (INVOKE_PREFIX + std::string(name)).c_str());
  if (invoke == nullptr) return error(NOT_FOUND, std::string("no kernel ") + name);
  auto kernel = std::make_unique<Kernel>();
  kernel->device = module->device;
  kernel->name = name;
  kernel->launch.kernel = reinterpret_cast<void (*)(const unsigned char*)>(invoke);
  kernel->argument_bytes = reinterpret_cast<unsigned long (*)()>(dlsym(module->library, (BYTES_PREFIX + std::string(name)).c_str()))();
  kernel->launch.runtime = static_cast<Runtime**>(dlsym(module->library, "emulation_runtime"));
  kernel->launch.shared = static_cast<unsigned char*>(dlsym(module->library, "shared_memory"));
  *function = keep(kernels, std::move(kernel));
  return SUCCESS;
}

int cuFuncSetAttribute(std::uint64_t function, int attribute, int value) {
  Kernel* kernel = find(kernels, function);
  if (kernel == nullptr) return error(INVALID_HANDLE, "no such kernel");
  // The limit is for static and dynamic shared memory together, and machine code for Hopper names 1 KiB of the former.
  if (attribute != 8 || value < 0 || value + 1024 > static_cast<int>(SHARED_CAPACITY)) return error(INVALID_VALUE, "cuFuncSetAttribute");
  kernel->largest_shared = value;
  return SUCCESS;
}

int cuLaunchKernel(std::uint64_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, std::uint64_t stream, void** parameters,
                   void** extra) {
  if (int status = ready()) return status;
  Kernel* kernel = find(kernels, function);
  if (kernel == nullptr) return error(INVALID_HANDLE, "no such kernel");
  if (kernel->device != current) return error(INVALID_HANDLE, kernel->name + " was loaded for another GPU than the context that is current");
  unsigned long long threads = 1ull * block_x * block_y * block_z;
  if (threads == 0 || threads > 1024 || block_z > 64) return error(INVALID_VALUE, kernel->name + ": bad block size");
  if (grid_x == 0 || grid_y == 0 || grid_z == 0 || grid_x > 0x7fffffffu || grid_y > 65535 || grid_z > 65535) {
    return error(INVALID_VALUE, kernel->name + ": bad grid size");
  }
  if (shared_bytes > kernel->largest_shared) return error(INVALID_VALUE, kernel->name + ": too much shared memory");
  // CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE, CU_LAUNCH_PARAM_END
  if (parameters != nullptr || extra[0] != reinterpret_cast<void*>(1) || extra[2] != reinterpret_cast<void*>(2) || extra[4] != nullptr) {
    return error(INVALID_VALUE, kernel->name + ": bad launch parameters");
  }
  // Neither fewer nor more: the driver compares the size with that of the machine code.
  const std::size_t bytes = *static_cast<std::size_t*>(extra[3]);
  if (bytes != kernel->argument_bytes) {
    return error(LAUNCH_OUT_OF_RESOURCES, kernel->name + ": " + std::to_string(bytes) + " bytes of arguments, it takes " +
                                              std::to_string(kernel->argument_bytes));
  }
  const unsigned char* packed = static_cast<const unsigned char*>(extra[1]);
  std::vector<unsigned char> arguments(packed, packed + bytes);
  Launch launch = kernel->launch;
  launch.grid = {grid_x, grid_y, grid_z};
  launch.block = {block_x, block_y, block_z};
  launch.shared_bytes = shared_bytes;
  return enqueue(stream, [launch, arguments, name = kernel->name]() mutable {
    launch.arguments = arguments.data();
    std::string details;
    int status = run_kernel(launch, order, check_races, details);
    if (status != 0) message = name + ": " + details;
    return status;
  });
}

}  // extern "C"
