// Shapes and norms, for rules that treat a tensor as a whole. Sums are taken in double, in the order of the elements:
// the same bits whatever the instruction set.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuner/plugin.hpp>

namespace shape {

// A tensor of rank 2 or more as a matrix: the first extent by the product of the others, as convolutions are flattened.
// One of lower rank is a column.
struct Matrix {
  std::int64_t rows = 1, columns = 1;
};
inline Matrix flattened(const tuner_tensor_info& info) {
  Matrix m;
  if (info.rank > 0) m.rows = info.shape[0];
  for (std::uint32_t i = 1; i < info.rank; ++i) m.columns *= info.shape[i];
  return m;
}

inline std::uint64_t numel(const tuner_tensor_info& info) {
  std::uint64_t n = 1;
  for (std::uint32_t i = 0; i < info.rank; ++i) n *= static_cast<std::uint64_t>(info.shape[i]);
  return n;
}

template <class T>
double sum_of_squares(const T* values, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

}  // namespace shape
