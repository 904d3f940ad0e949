// Norms of tensors, for rules that scale a whole tensor's step.
#pragma once

#include <cmath>
#include <cstddef>
#include <tuner/plugin.hpp>

#include "shape.hpp"

namespace layers {

// Sum of value(i)^2, in double.
template <class Value>
TUNER_INLINE inline double sum_of_squares(std::size_t n, Value value) {
  return shape::sum(n, [=](std::size_t i) TUNER_INLINE {
    const double v = static_cast<double>(value(i));
    return v * v;
  });
}

// Its root, also where the sum is no number.
template <class Value>
TUNER_INLINE inline double norm(std::size_t n, Value value) {
  return shape::norm_of(sum_of_squares(n, value), [=](auto add) { add(n, value); });
}

template <class T>
double norm(const T* values, std::size_t n) {
  return norm(n, [=](std::size_t i) TUNER_INLINE { return values[i]; });
}

// Biases and the scales of normalization layers: usually kept out of trust ratios and weight decay.
inline bool is_bias_or_norm(const tuner_tensor_info& info) {
  return info.role == TUNER_ROLE_BIAS || info.role == TUNER_ROLE_NORM_SCALE || info.role == TUNER_ROLE_NORM_BIAS;
}

inline constexpr const char* kExclude[] = {"bias_and_norm", "none"};

}  // namespace layers
