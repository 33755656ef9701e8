// Column-major products as cuBLAS and cuBLASLt make them, with a plain loop.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulation {

inline constexpr int R_32F = 0, R_16BF = 14;

struct MatrixLayout {
  int type;
  std::uint64_t rows, columns;
  std::int64_t stride;
  int batch = 1;
  std::int64_t batch_stride = 0;

  std::size_t element_bytes() const { return type == R_32F ? 4 : 2; }
  std::size_t bytes() const { return ((batch - 1) * batch_stride + (columns - 1) * stride + rows) * element_bytes(); }
};

struct Product {
  std::uint64_t a, b, c;
  MatrixLayout A, B, C;
  bool transpose_a, transpose_b;
  float alpha, beta;
  // Whether float32 operands are rounded to TF32.
  bool tf32;
  // Whether the sum is made in two parts that are rounded to the output's type.
  bool rounds_parts;
};

// cublasComputeType_t: CUBLAS_COMPUTE_32F and CUBLAS_COMPUTE_32F_FAST_TF32.
inline constexpr int COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77;

// Whether the libraries multiply such types: of equal operands, and never from float32 to bfloat16.
inline bool supported(int a, int b, int c) { return a == b && (a == R_16BF || c == R_32F); }

// False, with a message, if sizes do not agree or columns overlap.
bool valid(const Product& product, const char* call);
// c = alpha op(a) op(b) + beta c on a stream; returns the driver's status.
int queue_product(const Product& product, std::uint64_t stream, const char* call);

}  // namespace emulation
