// The inner loops of the densities, compiled for three instruction sets as sdk/update.hpp does it; all give the same
// bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

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
// exp(x) for x <= 0, to about 1e-16 of it; below -700, where nothing is left beside 1, exp(-700).
//   x = k log 2 + r, |r| <= log(2) / 2: 2^k times the Taylor series of exp(r) up to r^13
TUNER_INLINE inline double exp_of_negative(double x) {
  constexpr double kShift = 0x1.8p52;  // added to a small number it leaves the nearest integer in the low bits
  constexpr double kLog2High = 0x1.62e42fefa3800p-1;
  constexpr double kLog2Low = 0x1.ef35793c76730p-45;
  x = x > -700 ? x : -700;
  const double shifted = x * 0x1.71547652b82fep0 + kShift;
  const double k = shifted - kShift;
  const double r = (x - k * kLog2High) - k * kLog2Low;
  double sum = 1.0 / 6227020800;
  sum = sum * r + 1.0 / 479001600;
  sum = sum * r + 1.0 / 39916800;
  sum = sum * r + 1.0 / 3628800;
  sum = sum * r + 1.0 / 362880;
  sum = sum * r + 1.0 / 40320;
  sum = sum * r + 1.0 / 5040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  const std::uint64_t power = (std::bit_cast<std::uint64_t>(shifted) + 1023) << 52;
  return sum * std::bit_cast<double>(power);
}

constexpr std::size_t kLanes = 8;

// Sums of exp(terms[k] - largest) over every eighth k.
TUNER_INLINE inline void sum_exp_loop(const double* __restrict terms, std::size_t n, double largest,
                                      double* __restrict sums) {
  for (std::size_t k = 0; k + kLanes <= n; k += kLanes)
    for (std::size_t i = 0; i < kLanes; ++i) sums[i] += exp_of_negative(terms[k + i] - largest);
}
inline void sum_exp_base(const double* terms, std::size_t n, double largest, double* sums) {
  sum_exp_loop(terms, n, largest, sums);
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) inline void sum_exp_avx2(const double* terms, std::size_t n, double largest,
                                                         double* sums) {
  sum_exp_loop(terms, n, largest, sums);
}
TUNER_TARGET_AVX512F inline void sum_exp_avx512f(const double* terms, std::size_t n, double largest, double* sums) {
  sum_exp_loop(terms, n, largest, sums);
}
#endif

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

// The sum of exp(terms[k] - largest) for all k below n, a multiple of 8. Requires that none is above `largest`.
inline double sum_exp(const double* terms, std::size_t n, double largest) {
  double sums[detail::kLanes] = {};
#if defined(__x86_64__)
  const auto isa = tuner::detail::isa();
  if (isa == tuner::detail::Isa::kAvx512f)
    detail::sum_exp_avx512f(terms, n, largest, sums);
  else if (isa == tuner::detail::Isa::kAvx2)
    detail::sum_exp_avx2(terms, n, largest, sums);
  else
#endif
    detail::sum_exp_base(terms, n, largest, sums);
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return sum;
}

}  // namespace searchers
