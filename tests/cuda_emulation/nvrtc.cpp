// The part of NVRTC that ffi/cuda uses: "compiles" a CUDA source by the host's C++ compiler, with emulated_device.h
// before it and a function behind it for every kernel that unpacks a launch's arguments. Results are kept in
// DENOLM_EMULATION_CACHE by a hash of all that goes in.
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "emulation.h"

extern char** environ;

namespace {

struct Program {
  std::string source, name, log, image;
  bool is_ptx = false;
};

// Where C++ lies that stands in for the kernels' source, by program and target; none: the source is taken.
std::string replacements;

std::map<std::uint64_t, Program> programs;
std::uint64_t next_program = 1;

const int ARCHITECTURES[] = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// FNV-1a, 64 bits.
std::string hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (unsigned char byte : text) hash = (hash ^ byte) * 1099511628211ull;
  char digits[20];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

// Names of the functions declared `__global__ void NAME(`, launch bounds between them or not.
std::vector<std::string> kernel_names(const std::string& source) {
  std::vector<std::string> names;
  const std::string keyword = "__global__";
  for (std::size_t at = source.find(keyword); at != std::string::npos; at = source.find(keyword, at + 1)) {
    std::size_t end = source.find("void", at);
    if (end == std::string::npos) break;
    end += 4;
    while (std::isspace(static_cast<unsigned char>(source[end]))) end++;
    if (source.compare(end, 17, "__launch_bounds__") == 0) end = source.find(')', end) + 1;
    while (std::isspace(static_cast<unsigned char>(source[end]))) end++;
    std::size_t start = end;
    while (std::isalnum(static_cast<unsigned char>(source[end])) || source[end] == '_') end++;
    names.push_back(source.substr(start, end - start));
  }
  return names;
}

int run(const std::vector<std::string>& command, const std::string& log_path) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child;
  int status = -1;
  if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0) {
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  posix_spawn_file_actions_destroy(&actions);
  return status;
}

}  // namespace

extern "C" {

int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return 0;
}

int nvrtcCreateProgram(std::uint64_t* program, const char* source, const char* name, int headers, const char* const*, const char* const*) {
  if (headers != 0) return 3;
  programs[next_program] = {source, name, "", ""};
  *program = next_program++;
  return 0;
}

int nvrtcCompileProgram(std::uint64_t handle, int count, const char* const* options) {
  auto found = programs.find(handle);
  if (found == programs.end()) return 4;
  if (int status = emulation::planned_status("nvrtcCompileProgram")) return status;
  Program& program = found->second;
  std::string definitions;
  std::vector<std::string> command = {"g++", "-std=c++17", "-O1", "-w", "-shared", "-fPIC", "-fno-semantic-interposition", "-Wl,-Bsymbolic",
                                      // An access that is not aligned to its type traps, as it does on a GPU.
                                      "-fsanitize=alignment", "-fsanitize-undefined-trap-on-error"};
  if (emulation::races_checked()) {
    // Every access is told to the emulation, in place of the library that goes with this option.
    command.insert(command.end(), {"-fsanitize=thread", "--param", "tsan-instrument-func-entry-exit=0", "-nodefaultlibs"});
    definitions += "checked for races ";
  }
  bool has_architecture = false;
  std::string target;
  for (int i = 0; i < count; i++) {
    std::string option = options[i];
    if (option.rfind("-D", 0) == 0 || option.rfind("--define-macro=", 0) == 0) {
      command.push_back(option[1] == 'D' ? option : "-D" + option.substr(15));
      definitions += command.back() + " ";
    } else if (option.rfind("--gpu-architecture=", 0) == 0) {
      target = option.substr(sizeof "--gpu-architecture=" - 1);
      program.is_ptx = target.rfind("compute_", 0) == 0;
      const int architecture = std::atoi(target.c_str() + target.find('_') + 1);
      for (int known : ARCHITECTURES) has_architecture |= known == architecture;
    } else if (option != "--std=c++17" && option != "-lineinfo") {
      return 5;
    }
  }
  if (!has_architecture) return 5;

  const std::string folder = std::getenv("DENOLM_EMULATION_CACHE") ? std::getenv("DENOLM_EMULATION_CACHE") : "/tmp";
  const std::string headers = EMULATION_FOLDER;
  std::string source = program.source;
  if (!replacements.empty() && program.name.rfind("denolm_", 0) == 0) {
    source = read_file(replacements + "/" + program.name + "." + target + ".cpp");
    if (source.empty()) {
      program.log = "nothing in " + replacements + " replaces " + program.name + " for " + target;
      return 6;
    }
  }
  std::string text = "#line 1 \"" + program.name + "\"\n" + source + "\n";
  for (const auto& name : kernel_names(source)) {
    text += "extern \"C\" void " + std::string(emulation::INVOKE_PREFIX) + name + "(const unsigned char* packed) { emulation::invoke(" + name + ", packed); }\n" +
            "extern \"C\" unsigned long " + std::string(emulation::BYTES_PREFIX) + name + "() { return emulation::argument_bytes(" + name + "); }\n";
  }
  std::string key = text + definitions + "-fsanitize=alignment" + read_file(headers + "/emulated_device.h") + read_file(headers + "/runtime.h");
  const std::string base = folder + "/kernels-" + hash_of(key), library = base + ".so";
  struct stat information;
  if (stat(library.c_str(), &information) != 0) {
    // A name of this process's own, renamed when it is whole: tests may run side by side.
    const std::string own = base + "." + std::to_string(getpid());
    std::ofstream(own + ".cpp") << text;
    command.insert(command.end(), {"-include", headers + "/emulated_device.h", "-o", own + ".so", own + ".cpp", "-lm", "-lc", "-lgcc"});
    int status = run(command, own + ".log");
    program.log = read_file(own + ".log");
    unlink((own + ".log").c_str());
    unlink((own + ".cpp").c_str());
    if (status != 0) return 6;
    if (rename((own + ".so").c_str(), library.c_str()) != 0) return 11;
  }
  program.image = emulation::IMAGE_MARK + library;
  return 0;
}

int nvrtcDestroyProgram(std::uint64_t* program) { return programs.erase(*program) ? 0 : 4; }

int nvrtcGetProgramLogSize(std::uint64_t program, std::uint64_t* size) {
  *size = programs[program].log.size() + 1;
  return 0;
}

int nvrtcGetProgramLog(std::uint64_t program, char* log) {
  std::memcpy(log, programs[program].log.c_str(), programs[program].log.size() + 1);
  return 0;
}

// Those of CUDA 13.0.
int nvrtcGetNumSupportedArchs(int* count) {
  *count = sizeof ARCHITECTURES / sizeof ARCHITECTURES[0];
  return 0;
}

int nvrtcGetSupportedArchs(int* architectures) {
  std::memcpy(architectures, ARCHITECTURES, sizeof ARCHITECTURES);
  return 0;
}

int nvrtcGetPTXSize(std::uint64_t program, std::uint64_t* size) {
  *size = programs[program].image.size() + 1;
  return programs[program].is_ptx ? 0 : 4;
}

int nvrtcGetPTX(std::uint64_t program, char* image) {
  std::memcpy(image, programs[program].image.c_str(), programs[program].image.size() + 1);
  return programs[program].is_ptx ? 0 : 4;
}

int nvrtcGetCUBINSize(std::uint64_t program, std::uint64_t* size) {
  *size = programs[program].image.size() + 1;
  return programs[program].is_ptx ? 4 : 0;
}

int nvrtcGetCUBIN(std::uint64_t program, char* image) {
  std::memcpy(image, programs[program].image.c_str(), programs[program].image.size() + 1);
  return programs[program].is_ptx ? 4 : 0;
}

void emulation_replace_kernels(const char* folder) { replacements = folder; }

}  // extern "C"
