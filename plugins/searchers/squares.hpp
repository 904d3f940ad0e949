// The inner loop of the densities, compiled for three instruction sets as sdk/update.hpp does it; all give the same
// bits.
#pragma once

#include <cstddef>

#include "tuner/sdk/update.hpp"

namespace searchers {

namespace detail {

TUNER_INLINE inline void subtract_squares_loop(double* __restrict sums, const double* __restrict mu,
                                               const double* __restrict scale, std::size_t n, double x) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (std::size_t k = 0; k < n; ++k) {
    const double z = (x - mu[k]) * scale[k];
    sums[k] -= z * z;
  }
}
inline void subtract_squares_base(double* sums, const double* mu, const double* scale, std::size_t n, double x) {
  subtract_squares_loop(sums, mu, scale, n, x);
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) inline void subtract_squares_avx2(double* sums, const double* mu, const double* scale,
                                                                  std::size_t n, double x) {
  subtract_squares_loop(sums, mu, scale, n, x);
}
TUNER_TARGET_AVX512F inline void subtract_squares_avx512f(double* sums, const double* mu, const double* scale,
                                                          std::size_t n, double x) {
  subtract_squares_loop(sums, mu, scale, n, x);
}
#endif

}  // namespace detail

// sums[k] -= ((x - mu[k]) scale[k])^2
inline void subtract_squares(double* sums, const double* mu, const double* scale, std::size_t n, double x) {
#if defined(__x86_64__)
  const auto isa = tuner::detail::isa();
  if (isa == tuner::detail::Isa::kAvx512f) return detail::subtract_squares_avx512f(sums, mu, scale, n, x);
  if (isa == tuner::detail::Isa::kAvx2) return detail::subtract_squares_avx2(sums, mu, scale, n, x);
#endif
  detail::subtract_squares_base(sums, mu, scale, n, x);
}

}  // namespace searchers
