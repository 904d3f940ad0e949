// What adam and adamw share: the moments, their bias correction and the divisor. PyTorch's variant.
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  c1 = 1 - beta1^t,  c2 = 1 - beta2^t
//   x -= lr / c1 m / (sqrt(v / c2 + eps_root) + eps)
// Bias corrections are computed in double: in float 1 - 0.999^t loses three digits at t = 1. Without them c1 = c2 = 1.
#pragma once

#include <cmath>
#include <cstdint>
#include <tuner/plugin.hpp>

namespace adam {

inline constexpr const char* kEpsModes[] = {"corrected", "hat"};
inline constexpr const char* kAmsgradMaxima[] = {"raw", "corrected"};

// The first options of both plugins, in this order.
enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kAmsgrad, kAmsgradMax, kEpsMode, kEpsRoot, kCount };
enum { kExpAvg, kExpAvgSq, kMaxExpAvgSq };

template <class T>
struct Rule {
  T beta1, rest1, beta2, rest2, step_size;
  T correction;      // of v: 1 / c2
  T max_correction;  // of v before it enters the maximum, when amsgrad
  T eps, eps_root;

  Rule(const tuner::Step& s, const tuner::Tensor<T>& t, bool corrects = true) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const double c1 = corrects ? 1 - std::pow(o[kBeta1], steps) : 1;
    const double c2 = corrects ? 1 - std::pow(o[kBeta2], steps) : 1;
    const bool corrected_max = o.flag(kAmsgrad) && o.choice(kAmsgradMax) == 1;
    const bool hat = o.choice(kEpsMode) == 1;
    beta1 = t[kBeta1];
    rest1 = static_cast<T>(1 - o[kBeta1]);
    beta2 = t[kBeta2];
    rest2 = static_cast<T>(1 - o[kBeta2]);
    step_size = static_cast<T>(o[kLr] / c1);
    correction = static_cast<T>(corrected_max ? 1 : 1 / c2);
    max_correction = static_cast<T>(corrected_max ? 1 / c2 : 1);
    eps = static_cast<T>(hat ? o[kEps] / std::sqrt(c2) : o[kEps]);
    eps_root = t[kEpsRoot];
  }

  // What is to be subtracted from the parameter.
  TUNER_INLINE T change(T g, T& m, T& v) const {
    advance(g, m, v);
    return divided(m, v);
  }
  TUNER_INLINE T change(T g, T& m, T& v, T& max) const {
    advance(g, m, v);
    const T candidate = v * max_correction;
    max = max < candidate ? candidate : max;
    return divided(m, max);
  }

 private:
  TUNER_INLINE void advance(T g, T& m, T& v) const {
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
  }
  TUNER_INLINE T divided(T m, T v) const {
    return tuner::ratio(step_size * m, std::sqrt(v * correction + eps_root) + eps);
  }
};

}  // namespace adam
