/* How a library was compiled, found out by the library itself: tuner_build_probe() is compiled into it with its own
 * flags. A table names it, and the host calls it:
 *
 *     .build_probe = tuner_build_probe
 *
 * A library without one is of unknown build. The C++ layer names one by itself. Since 1.1. */
#ifndef TUNER_ABI_BUILD_H
#define TUNER_ABI_BUILD_H

/* What the compiler says of itself: TUNER_BUILD_... */
static inline uint32_t tuner_build_macros(void) {
  uint32_t flags = TUNER_BUILD_PROBED;
#if defined(__FAST_MATH__)
  flags |= TUNER_BUILD_FAST_MATH;
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0
  flags |= TUNER_BUILD_FAST_MATH;
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  flags |= TUNER_BUILD_SANITIZER;
#endif
#if !defined(__OPTIMIZE__)
  flags |= TUNER_BUILD_DEBUG;
#endif
#if !defined(NDEBUG)
  flags |= TUNER_BUILD_ASSERTS;
#endif
  return flags;
}

/* Computes what only a changed arithmetic answers otherwise. `volatile` hides the values from the compiler, not the
 * operations on them. Exact in IEEE 754 arithmetic that rounds every operation:
 *   (1 + 2^60) - 2^60 = 0         1 where sums are reordered      (-fassociative-math)
 *   nan != nan                    false where NaN is denied       (-ffinite-math-only)
 *   -0 + 0 = 0                    -0 where signs of 0 are ignored (-fno-signed-zeros)
 *   49 / 49 = 1, 98 / 49 = 2      less where one reciprocal serves several divisions (-freciprocal-math)
 *   (1 + e)(1 - e) - 1 = 0        -2^-54 where e = 2^-27 and product and sum are one operation (-ffp-contract=fast) */
static inline uint32_t tuner_build_arithmetic(void) {
  volatile double one = 1, large = 0x1p60, zero = 0, e = 0x1p-27, forty_nine = 49;
  const double a = one, b = large, plus = 1 + e, minus = 1 - e;
  const double sum = a + b;
  const double back = sum - b;
  const double nan = zero / zero;
  const double rest = plus * minus - a; /* one expression, so that -ffp-contract=on of Clang contracts it as well */
  const double negative = -zero;
  const double signed_zero = negative + 0.0;
  const double divisor = forty_nine;
  volatile double results[6];
  uint32_t flags = 0;
  results[0] = back;
  results[1] = 1 / signed_zero;
  results[2] = 49 / divisor;
  results[3] = 98 / divisor;
  results[4] = 196 / divisor;
  results[5] = rest;
  if (results[0] != 0 || !(nan != nan) || results[1] < 0) flags |= TUNER_BUILD_FAST_MATH;
  if (results[2] != 1 || results[3] != 2 || results[4] != 4) flags |= TUNER_BUILD_FAST_MATH;
  if (results[5] != 0) flags |= TUNER_BUILD_FMA_CONTRACTION;
  return flags;
}

static inline uint32_t tuner_build_probe(void) { return tuner_build_macros() | tuner_build_arithmetic(); }

#endif
