// Norms of tensors, for rules that scale a whole tensor's step.
#pragma once

#include <cmath>
#include <cstddef>
#include <tuner/plugin.hpp>

namespace layers {

// Sum of value(i)^2, in double. Eight partial sums in a fixed order: the same bits at every instruction set, and a loop
// that can use its vectors.
template <class Value>
TUNER_INLINE inline double sum_of_squares(std::size_t n, Value value) {
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double v = static_cast<double>(value(i + lane));
      sums[lane] += v * v;
    }
  for (; i < n; ++i) {
    const double v = static_cast<double>(value(i));
    sums[0] += v * v;
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <class T>
double norm(const T* values, std::size_t n) {
  return std::sqrt(sum_of_squares(n, [=](std::size_t i) TUNER_INLINE { return values[i]; }));
}

// Biases and the scales of normalisation layers: usually kept out of trust ratios and weight decay.
inline bool is_bias_or_norm(const tuner_tensor_info& info) {
  return info.role == TUNER_ROLE_BIAS || info.role == TUNER_ROLE_NORM_SCALE || info.role == TUNER_ROLE_NORM_BIAS;
}

inline constexpr const char* kExclude[] = {"bias_and_norm", "none"};

}  // namespace layers
