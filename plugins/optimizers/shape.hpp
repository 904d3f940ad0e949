// Shapes, sums and norms, for rules that treat a tensor as a whole. Sums are taken in double.
#pragma once

#include <algorithm>
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

// value(0) + ... + value(n - 1). Eight partial sums in a fixed order: the same bits at every instruction set, and a
// loop that can use its vectors.
template <class Value>
TUNER_INLINE inline double sum(std::size_t n, Value value) {
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += value(i + lane);
  for (; i < n; ++i) sums[0] += value(i);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <class T>
double sum_of_squares(const T* values, std::size_t n) {
  return sum(
      n, [=](std::size_t i) TUNER_INLINE { return static_cast<double>(values[i]) * static_cast<double>(values[i]); });
}

// Does a sum of squares hold the digits of its root? Not where a square overflowed, or where some may have been lost.
inline bool ordinary(double sum_of_squares) { return std::isfinite(sum_of_squares) && sum_of_squares >= 1e-280; }

// The root of the sum of squares of all values that visit(add) hands to add(n, value), which it calls for every part
// and is called twice itself. Scaled by a power of two: neither overflows nor underflows where the norm itself does
// not.
template <class Visit>
double scaled_norm(Visit visit) {
  double largest = 0, sum = 0;
  visit([&](std::size_t n, auto value) {
    for (std::size_t i = 0; i < n; ++i) {
      const double size = std::abs(static_cast<double>(value(i)));
      if (!(size <= largest)) largest = size;  // NaN stays
    }
  });
  if (largest == 0 || !std::isfinite(largest)) return largest;
  const int exponent = std::max(std::ilogb(largest), -1000);
  visit([&](std::size_t n, auto value) {
    for (std::size_t i = 0; i < n; ++i) {
      const double scaled = std::ldexp(static_cast<double>(value(i)), -exponent);
      sum += scaled * scaled;
    }
  });
  return std::ldexp(std::sqrt(sum), exponent);
}

// The same from the plain sum of squares where that holds it: the ordinary case, in one pass.
template <class Visit>
double norm_of(double sum_of_squares, Visit visit) {
  return ordinary(sum_of_squares) ? std::sqrt(sum_of_squares) : scaled_norm(visit);
}

template <class T>
double norm(const T* values, std::size_t n) {
  return norm_of(sum_of_squares(values, n),
                 [=](auto add) { add(n, [=](std::size_t i) { return static_cast<double>(values[i]); }); });
}

}  // namespace shape
