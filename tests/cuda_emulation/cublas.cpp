// The part of cuBLAS that ffi/cuda uses. Like the library, it forgets its workspace when its stream is set; without one
// it would allocate, so a product then is an error here.
#include <cstdint>
#include <map>

#include "emulation.h"
#include "product.h"

using emulation::MatrixLayout;
using emulation::Product;

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, INTERNAL_ERROR = 14, NOT_SUPPORTED = 15 };

struct Handle {
  std::uint64_t stream = 0;
  std::uint64_t workspace = 0;
  int math_mode = 0;
};

std::map<std::uint64_t, Handle> handles;
std::uint64_t next_handle = 1;
bool offers = true;
std::uint64_t products = 0;

int multiply(std::uint64_t handle, Product product, const char* call) {
  auto found = handles.find(handle);
  if (found == handles.end()) return NOT_INITIALIZED;
  if (!offers || !emulation::supported(product.A.type, product.B.type, product.C.type)) return NOT_SUPPORTED;
  if (found->second.workspace == 0) {
    emulation::say(std::string(call) + ": no workspace was set after the stream");
    return INVALID_VALUE;
  }
  if (!emulation::valid(product, call)) return INVALID_VALUE;
  constexpr int DISALLOW_REDUCED_PRECISION_REDUCTION = 16;
  product.rounds_parts = (found->second.math_mode & DISALLOW_REDUCED_PRECISION_REDUCTION) == 0;
  products++;
  return emulation::queue_product(product, found->second.stream, call) == 0 ? SUCCESS : EXECUTION_FAILED;
}

}  // namespace

extern "C" {

std::uint64_t emulation_live_cublas() { return handles.size(); }
std::uint64_t emulation_cublas_products() { return products; }
void emulation_set_cublas_offers(int value) { offers = value != 0; }

int cublasCreate_v2(std::uint64_t* handle) {
  if (int status = emulation::planned_status("cublasCreate")) return status;
  handles[next_handle] = {};
  *handle = next_handle++;
  return SUCCESS;
}

int cublasDestroy_v2(std::uint64_t handle) {
  if (!handles.erase(handle)) return NOT_INITIALIZED;
  return emulation::fault() != 0 ? INTERNAL_ERROR : SUCCESS;
}

int cublasSetStream_v2(std::uint64_t handle, std::uint64_t stream) {
  if (!handles.count(handle)) return NOT_INITIALIZED;
  handles[handle].stream = stream;
  handles[handle].workspace = 0;
  return SUCCESS;
}

int cublasSetMathMode(std::uint64_t handle, int mode) {
  if (!handles.count(handle)) return NOT_INITIALIZED;
  handles[handle].math_mode = mode;
  return SUCCESS;
}

int cublasSetWorkspace_v2(std::uint64_t handle, std::uint64_t workspace, std::size_t bytes) {
  if (!handles.count(handle)) return NOT_INITIALIZED;
  if (!emulation::usable(workspace, bytes, 256, "cublasSetWorkspace")) return INVALID_VALUE;
  handles[handle].workspace = workspace;
  return SUCCESS;
}

int cublasGemmStridedBatchedEx(std::uint64_t handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha, std::uint64_t a,
                               int a_type, int lda, long long stride_a, std::uint64_t b, int b_type, int ldb, long long stride_b,
                               const float* beta, std::uint64_t c, int c_type, int ldc, long long stride_c, int batch, int compute, int algorithm) {
  if ((compute != emulation::COMPUTE_32F && compute != emulation::COMPUTE_32F_FAST_TF32) || algorithm != -1) return INVALID_VALUE;
  auto layout = [batch](int type, int rows, int columns, int stride, long long batch_stride) {
    return MatrixLayout{type, std::uint64_t(rows), std::uint64_t(columns), stride, batch, batch_stride};
  };
  Product product = {a, b, c,
                     layout(a_type, transpose_a ? k : m, transpose_a ? m : k, lda, stride_a),
                     layout(b_type, transpose_b ? n : k, transpose_b ? k : n, ldb, stride_b),
                     layout(c_type, m, n, ldc, stride_c),
                     transpose_a != 0, transpose_b != 0, *alpha, *beta, compute == emulation::COMPUTE_32F_FAST_TF32, false};
  return multiply(handle, product, "cublasGemm");
}

int cublasGemmEx(std::uint64_t handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha, std::uint64_t a, int a_type, int lda,
                 std::uint64_t b, int b_type, int ldb, const float* beta, std::uint64_t c, int c_type, int ldc, int compute, int algorithm) {
  return cublasGemmStridedBatchedEx(handle, transpose_a, transpose_b, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c, c_type, ldc, 0, 1,
                                    compute, algorithm);
}

}  // extern "C"
