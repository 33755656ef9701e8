#include "product.h"

#include <cstring>
#include <string>
#include <vector>

#include "emulation.h"

namespace emulation {
namespace {

// To the 10 bits of mantissa of TF32, ties away from zero.
float rounded_to_tf32(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if ((bits & 0x7f800000u) != 0x7f800000u) bits = (bits + 0x1000u) & ~0x1fffu;
  std::memcpy(&value, &bits, 4);
  return value;
}

float load(const void* base, int type, std::int64_t index) {
  if (type == R_32F) return static_cast<const float*>(base)[index];
  std::uint32_t bits = std::uint32_t(static_cast<const std::uint16_t*>(base)[index]) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

void store(void* base, int type, std::int64_t index, float value) {
  if (type == R_32F) {
    static_cast<float*>(base)[index] = value;
    return;
  }
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bool not_a_number = (bits & 0x7fffffffu) > 0x7f800000u;
  std::uint32_t rounded = not_a_number ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u);
  static_cast<std::uint16_t*>(base)[index] = static_cast<std::uint16_t>(rounded >> 16);
}

// op(X) as float32, row-major [rows, columns].
std::vector<float> gather(const void* base, const MatrixLayout& layout, bool transpose, bool tf32, std::int64_t start, std::uint64_t rows,
                          std::uint64_t columns) {
  std::vector<float> values(rows * columns);
  for (std::uint64_t i = 0; i < rows; i++) {
    for (std::uint64_t j = 0; j < columns; j++) {
      std::int64_t index = transpose ? j + std::int64_t(i) * layout.stride : i + std::int64_t(j) * layout.stride;
      float value = load(base, layout.type, start + index);
      values[i * columns + j] = tf32 ? rounded_to_tf32(value) : value;
    }
  }
  return values;
}

float rounded_to(int type, float value) {
  float rounded;
  store(&rounded, type, 0, value);
  return load(&rounded, type, 0);
}

std::uint64_t depth_of(const Product& product) { return product.transpose_a ? product.A.rows : product.A.columns; }

bool in_memory(const Product& product, const char* call) {
  const std::string name = call;
  return usable(product.a, product.A.bytes(), product.A.element_bytes(), (name + ", A").c_str()) &&
         usable(product.b, product.B.bytes(), product.B.element_bytes(), (name + ", B").c_str()) &&
         usable(product.c, product.C.bytes(), product.C.element_bytes(), (name + ", C").c_str());
}

}  // namespace

bool valid(const Product& product, const char* call) {
  const MatrixLayout &A = product.A, &B = product.B, &C = product.C;
  if ((product.transpose_a ? A.columns : A.rows) != C.rows || (product.transpose_b ? B.rows : B.columns) != C.columns ||
      (product.transpose_b ? B.columns : B.rows) != depth_of(product)) {
    say(std::string(call) + ": the sizes do not agree");
    return false;
  }
  for (const MatrixLayout* layout : {&A, &B, &C}) {
    if (layout->stride < std::int64_t(layout->rows)) {
      say(std::string(call) + ": a leading dimension is smaller than the rows");
      return false;
    }
  }
  return in_memory(product, call);
}

int queue_product(const Product& product, std::uint64_t stream, const char* call) {
  return enqueue(stream, [product, call] {
    if (!in_memory(product, call)) return 700;
    const MatrixLayout& C = product.C;
    const std::uint64_t m = C.rows, n = C.columns, k = depth_of(product);
    for (int batch = 0; batch < C.batch; batch++) {
      auto left = gather(reinterpret_cast<const void*>(product.a), product.A, product.transpose_a, product.tf32, batch * product.A.batch_stride, m, k);
      // The right operand transposed, so that the inner loop runs along both.
      auto right = gather(reinterpret_cast<const void*>(product.b), product.B, !product.transpose_b, product.tf32, batch * product.B.batch_stride, n, k);
      for (std::uint64_t j = 0; j < n; j++) {
        for (std::uint64_t i = 0; i < m; i++) {
          const float *row = &left[i * k], *column = &right[j * k];
          double sum = 0, first_part = 0;
          for (std::uint64_t x = 0; x < k; x++) {
            if (product.rounds_parts && x == k / 2) {
              first_part = rounded_to(C.type, float(sum));
              sum = 0;
            }
            sum += double(row[x]) * column[x];
          }
          if (product.rounds_parts) sum = first_part + rounded_to(C.type, float(sum));
          std::int64_t index = batch * C.batch_stride + i + j * C.stride;
          void* output = reinterpret_cast<void*>(product.c);
          double before = product.beta == 0 ? 0 : product.beta * double(load(output, C.type, index));
          store(output, C.type, index, float(product.alpha * sum + before));
        }
      }
    }
    return 0;
  });
}

}  // namespace emulation
