#include "gradients.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

namespace tuner {

namespace {

// By bits, which compilers vectorise without reordering sums: the exponent of inf and NaN is all ones.
template <class T>
bool finite_values(const T* values, std::size_t n) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits kExponent = sizeof(T) == 4 ? static_cast<Bits>(0x7f800000u) : static_cast<Bits>(0x7ff0000000000000ull);
  Bits found = 0;
  for (std::size_t i = 0; i < n; ++i)
    found |= static_cast<Bits>((std::bit_cast<Bits>(values[i]) & kExponent) == kExponent);
  return found == 0;
}

}  // namespace

bool all_finite(const void* values, std::uint64_t n, std::uint32_t dtype) {
  if (dtype == TUNER_DTYPE_F32) return finite_values(static_cast<const float*>(values), n);
  if (dtype == TUNER_DTYPE_F64) return finite_values(static_cast<const double*>(values), n);
  return true;
}

bool gradients_finite(const Tensors& tensors) {
  return std::ranges::all_of(
      tensors.abi(), [](const tuner_tensor& t) { return t.grad == nullptr || all_finite(t.grad, t.numel, t.dtype); });
}

bool parameters_finite(const Tensors& tensors) {
  return std::ranges::all_of(tensors.abi(), [](const tuner_tensor& t) { return all_finite(t.data, t.numel, t.dtype); });
}

void zero_nonfinite_gradients(Tensors& tensors) {
  for_each_gradient(tensors, [](auto* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i)
      if (!std::isfinite(g[i])) g[i] = 0;
  });
}

}  // namespace tuner
