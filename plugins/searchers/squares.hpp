// The inner loop of the densities, compiled for three instruction sets as sdk/update.hpp does it; all give the same
// bits.
#pragma once

#include <cstddef>

#include "tuner/sdk/update.hpp"

namespace searchers {

namespace detail {

// Four places at a time: mu and scale are read once for them.
TUNER_INLINE inline void subtract_squares_loop(double* __restrict sums, std::size_t stride, const double* __restrict mu,
                                               const double* __restrict scale, std::size_t n,
                                               const double* __restrict x, std::size_t count) {
  std::size_t c = 0;
  for (; c + 4 <= count; c += 4) {
    double* __restrict s0 = sums + c * stride;
    double* __restrict s1 = s0 + stride;
    double* __restrict s2 = s1 + stride;
    double* __restrict s3 = s2 + stride;
    const double x0 = x[c];
    const double x1 = x[c + 1];
    const double x2 = x[c + 2];
    const double x3 = x[c + 3];
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
    for (std::size_t k = 0; k < n; ++k) {
      const double z0 = (x0 - mu[k]) * scale[k];
      const double z1 = (x1 - mu[k]) * scale[k];
      const double z2 = (x2 - mu[k]) * scale[k];
      const double z3 = (x3 - mu[k]) * scale[k];
      s0[k] -= z0 * z0;
      s1[k] -= z1 * z1;
      s2[k] -= z2 * z2;
      s3[k] -= z3 * z3;
    }
  }
  for (; c < count; ++c) {
    double* __restrict s0 = sums + c * stride;
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
    for (std::size_t k = 0; k < n; ++k) {
      const double z = (x[c] - mu[k]) * scale[k];
      s0[k] -= z * z;
    }
  }
}
inline void subtract_squares_base(double* sums, std::size_t stride, const double* mu, const double* scale,
                                  std::size_t n, const double* x, std::size_t count) {
  subtract_squares_loop(sums, stride, mu, scale, n, x, count);
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) inline void subtract_squares_avx2(double* sums, std::size_t stride, const double* mu,
                                                                  const double* scale, std::size_t n, const double* x,
                                                                  std::size_t count) {
  subtract_squares_loop(sums, stride, mu, scale, n, x, count);
}
TUNER_TARGET_AVX512F inline void subtract_squares_avx512f(double* sums, std::size_t stride, const double* mu,
                                                          const double* scale, std::size_t n, const double* x,
                                                          std::size_t count) {
  subtract_squares_loop(sums, stride, mu, scale, n, x, count);
}
#endif

}  // namespace detail

// sums[c * stride + k] -= ((x[c] - mu[k]) scale[k])^2 for all c below count and k below n.
inline void subtract_squares(double* sums, std::size_t stride, const double* mu, const double* scale, std::size_t n,
                             const double* x, std::size_t count) {
#if defined(__x86_64__)
  const auto isa = tuner::detail::isa();
  if (isa == tuner::detail::Isa::kAvx512f)
    return detail::subtract_squares_avx512f(sums, stride, mu, scale, n, x, count);
  if (isa == tuner::detail::Isa::kAvx2) return detail::subtract_squares_avx2(sums, stride, mu, scale, n, x, count);
#endif
  detail::subtract_squares_base(sums, stride, mu, scale, n, x, count);
}

}  // namespace searchers
