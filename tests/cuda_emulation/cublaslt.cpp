// The part of cuBLASLt that ffi/cuda uses.
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "emulation.h"
#include "product.h"

using emulation::R_16BF;
using emulation::R_32F;
using Layout = emulation::MatrixLayout;

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, INTERNAL_ERROR = 14, NOT_SUPPORTED = 15 };

struct Descriptor {
  int compute_type;
  int transpose[2] = {0, 0};
};

struct Preference {
  std::uint64_t workspace = 0;
  int alignment[4] = {256, 256, 256, 256};
  int reduction_schemes = 7;
};

std::map<std::uint64_t, Descriptor> descriptors;
std::map<std::uint64_t, Layout> layouts;
std::map<std::uint64_t, Preference> preferences;
// Descriptors of products that ran, whose kernels are loaded.
std::set<std::uint64_t> loaded;
std::uint64_t next_handle = 1;
int handles = 0;
bool offers = true;

}  // namespace

extern "C" {

void emulation_set_cublaslt_offers(int value) { offers = value != 0; }

std::size_t cublasLtGetVersion() { return 130100; }

int cublasLtCreate(std::uint64_t* handle) {
  if (int status = emulation::planned_status("cublasLtCreate")) return status;
  *handle = 77;
  handles++;
  return SUCCESS;
}

int cublasLtDestroy(std::uint64_t handle) {
  if (handle != 77 || handles == 0) return NOT_INITIALIZED;
  handles--;
  return emulation::fault() != 0 ? INTERNAL_ERROR : SUCCESS;
}

std::uint64_t emulation_live_descriptors() { return descriptors.size() + layouts.size() + preferences.size() + handles; }

int cublasLtMatmulDescCreate(std::uint64_t* descriptor, int compute_type, int scale_type) {
  if (scale_type != R_32F || (compute_type != emulation::COMPUTE_32F && compute_type != emulation::COMPUTE_32F_FAST_TF32)) return NOT_SUPPORTED;
  descriptors[next_handle] = {compute_type};
  *descriptor = next_handle++;
  return SUCCESS;
}

int cublasLtMatmulDescSetAttribute(std::uint64_t descriptor, int attribute, const void* value, std::size_t size) {
  if (!descriptors.count(descriptor) || attribute < 3 || attribute > 4 || size != 4) return INVALID_VALUE;
  std::memcpy(&descriptors[descriptor].transpose[attribute - 3], value, 4);
  return SUCCESS;
}

int cublasLtMatmulDescDestroy(std::uint64_t descriptor) { return descriptors.erase(descriptor) ? SUCCESS : INVALID_VALUE; }

int cublasLtMatrixLayoutCreate(std::uint64_t* layout, int type, std::uint64_t rows, std::uint64_t columns, std::int64_t stride) {
  if ((type != R_32F && type != R_16BF) || rows == 0 || columns == 0) return INVALID_VALUE;
  layouts[next_handle] = {type, rows, columns, stride};
  *layout = next_handle++;
  return SUCCESS;
}

int cublasLtMatrixLayoutSetAttribute(std::uint64_t layout, int attribute, const void* value, std::size_t size) {
  if (!layouts.count(layout)) return INVALID_VALUE;
  if (attribute == 5 && size == 4) {
    std::memcpy(&layouts[layout].batch, value, 4);
    return SUCCESS;
  }
  if (attribute == 6 && size == 8) {
    std::memcpy(&layouts[layout].batch_stride, value, 8);
    return SUCCESS;
  }
  return INVALID_VALUE;
}

int cublasLtMatrixLayoutDestroy(std::uint64_t layout) { return layouts.erase(layout) ? SUCCESS : INVALID_VALUE; }

int cublasLtMatmulPreferenceCreate(std::uint64_t* preference) {
  preferences[next_handle] = {};
  *preference = next_handle++;
  return SUCCESS;
}

int cublasLtMatmulPreferenceSetAttribute(std::uint64_t preference, int attribute, const void* value, std::size_t size) {
  if (!preferences.count(preference)) return INVALID_VALUE;
  if (attribute == 1 && size == 8) {
    std::memcpy(&preferences[preference].workspace, value, 8);
    return SUCCESS;
  }
  if (attribute == 3 && size == 4) {
    std::memcpy(&preferences[preference].reduction_schemes, value, 4);
    return SUCCESS;
  }
  if (attribute >= 5 && attribute <= 8 && size == 4) {
    std::memcpy(&preferences[preference].alignment[attribute - 5], value, 4);
    return SUCCESS;
  }
  return INVALID_VALUE;
}

int cublasLtMatmulPreferenceDestroy(std::uint64_t preference) { return preferences.erase(preference) ? SUCCESS : INVALID_VALUE; }

// The algorithm remembers the alignment that it was chosen for, and the product checks it; and whether it may round
// parts of a sum, which it then does. Like the library on tensor
// cores, bfloat16 needs rows that start at multiples of 4 bytes here: the caller's own kernel must take the rest.
int cublasLtMatmulAlgoGetHeuristic(std::uint64_t, std::uint64_t descriptor, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                                   std::uint64_t preference, int, unsigned char* result, int* found) {
  if (!descriptors.count(descriptor) || !layouts.count(a) || !layouts.count(b) || !layouts.count(c) || !layouts.count(d) || !preferences.count(preference)) {
    return INVALID_VALUE;
  }
  *found = 0;
  // That of CUDA 13.3 fails so.
  if (emulation::any_capture()) {
    emulation::say("cublasLtMatmulAlgoGetHeuristic: a stream is captured");
    return INTERNAL_ERROR;
  }
  if (!offers || !emulation::supported(layouts[a].type, layouts[b].type, layouts[c].type)) return NOT_SUPPORTED;
  for (std::uint64_t layout : {a, b, c, d}) {
    if (layouts[layout].type == R_16BF && layouts[layout].stride % 2 != 0) return NOT_SUPPORTED;
  }
  std::memset(result, 0, 96);
  std::memcpy(result, preferences[preference].alignment, sizeof preferences[preference].alignment);
  std::memcpy(result + 16, &preferences[preference].workspace, 8);
  // In place or by way of the workspace, in the type of the output.
  constexpr int INPLACE = 1, OUTPUT_TYPE = 4;
  result[24] = (preferences[preference].reduction_schemes & (INPLACE | OUTPUT_TYPE)) != 0;
  *found = 1;
  return SUCCESS;
}

int cublasLtMatmul(std::uint64_t handle, std::uint64_t descriptor, const float* alpha_address, std::uint64_t a, std::uint64_t a_layout, std::uint64_t b,
                   std::uint64_t b_layout, const float* beta_address, std::uint64_t c, std::uint64_t c_layout, std::uint64_t d, std::uint64_t d_layout,
                   const unsigned char* algorithm, std::uint64_t workspace, std::size_t workspace_bytes, std::uint64_t stream) {
  if (handle != 77 || handles == 0) return NOT_INITIALIZED;
  if (!descriptors.count(descriptor) || !layouts.count(a_layout) || !layouts.count(b_layout) || c != d || c_layout != d_layout || !layouts.count(d_layout)) {
    return INVALID_VALUE;
  }
  const Descriptor description = descriptors[descriptor];
  const Layout A = layouts[a_layout], B = layouts[b_layout], C = layouts[c_layout];
  const emulation::Product product = {a, b, c, A, B, C, description.transpose[0] != 0, description.transpose[1] != 0, *alpha_address, *beta_address,
                                      description.compute_type == emulation::COMPUTE_32F_FAST_TF32, algorithm[24] != 0};
  if (!emulation::valid(product, "cublasLtMatmul")) return INVALID_VALUE;
  int alignment[4];
  std::uint64_t workspace_needed;
  std::memcpy(alignment, algorithm, sizeof alignment);
  std::memcpy(&workspace_needed, algorithm + 16, 8);
  if (workspace_bytes < workspace_needed || !emulation::usable(workspace, workspace_bytes, 16, "cublasLtMatmul, workspace")) return INVALID_VALUE;
  if (!emulation::usable(a, A.bytes(), alignment[0], "cublasLtMatmul, A") || !emulation::usable(b, B.bytes(), alignment[1], "cublasLtMatmul, B") ||
      !emulation::usable(c, C.bytes(), alignment[3], "cublasLtMatmul, C")) {
    return INVALID_VALUE;
  }
  if (!loaded.count(descriptor) && !emulation::may_load_code("cublasLtMatmul")) return INTERNAL_ERROR;
  loaded.insert(descriptor);
  return emulation::queue_product(product, stream, "cublasLtMatmul") == 0 ? SUCCESS : 13;
}

}  // extern "C"
