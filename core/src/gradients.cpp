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

// visit(pointer, n) with the type of the tensor, for every tensor with a gradient.
template <class Visit>
void for_each_gradient(Tensors& tensors, Visit visit) {
  for (const tuner_tensor& t : tensors.abi()) {
    if (t.grad == nullptr) continue;
    if (t.dtype == TUNER_DTYPE_F32)
      visit(static_cast<float*>(t.grad), t.numel);
    else
      visit(static_cast<double*>(t.grad), t.numel);
  }
}

// A Euclidean norm as scale x root: the norm itself may be larger than any double.
struct Norm {
  double scale, root;
};

double sum_of_squares(Tensors& tensors, double scale) {
  double sum = 0;
  for_each_gradient(tensors, [&](const auto* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const double scaled = static_cast<double>(g[i]) * scale;
      sum += scaled * scaled;
    }
  });
  return sum;
}

Norm norm_of(Tensors& tensors) {
  // Squares that are lost below it are no part of the sum's digits.
  constexpr double kLeast = 1e-280;
  const double plain = sum_of_squares(tensors, 1);
  if (std::isfinite(plain) && plain >= kLeast) return {1, std::sqrt(plain)};
  double largest = 0;
  for_each_gradient(tensors, [&](const auto* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(static_cast<double>(g[i])));
  });
  if (largest == 0) return {1, 0};
  // A power of two, so that scaling is exact; 2^-1000 at least, so that its inverse is a number.
  const int exponent = std::max(std::ilogb(largest), -1000);
  return {std::ldexp(1.0, exponent), std::sqrt(sum_of_squares(tensors, std::ldexp(1.0, -exponent)))};
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

void add_noise(Tensors& tensors, const TrainingSettings& settings, std::int64_t step, tuner_rng rng) {
  const double deviation =
      std::sqrt(settings.noise_eta / std::pow(1.0 + static_cast<double>(step), settings.noise_gamma));
  std::uint64_t index = rng.position;
  double pair[2] = {0, 0};
  for_each_gradient(tensors, [&]<class T>(T* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i, ++index) {
      // Positions are even at every step, so a pair is computed once for both of its entries.
      if ((index & 1) == 0) tuner_rng_normal_block(&rng, index >> 1, pair);
      g[i] += static_cast<T>(deviation * pair[index & 1]);
    }
  });
}

void clip_by_value(Tensors& tensors, double limit) {
  for_each_gradient(tensors, [&]<class T>(T* g, std::uint64_t n) {
    const T high = static_cast<T>(limit), low = -high;
    for (std::uint64_t i = 0; i < n; ++i) g[i] = std::min(std::max(g[i], low), high);
  });
}

void clip_by_norm(Tensors& tensors, double limit) {
  const Norm norm = norm_of(tensors);
  if (!(norm.scale * norm.root > limit)) return;
  // g down is of the order of 1 where the norm was scaled, and where limit / norm would be lost.
  const double factor = limit / norm.root;
  const bool lost = factor < std::numeric_limits<double>::min();
  const double down = lost ? 1 / norm.root / norm.scale : 1 / norm.scale, rest = lost ? limit : factor;
  for_each_gradient(tensors, [&]<class T>(T* g, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) g[i] = static_cast<T>(static_cast<double>(g[i]) * down * rest);
  });
}

}  // namespace tuner
