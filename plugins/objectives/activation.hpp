// Activation functions on whole arrays: value, first and second derivative. NaN stays NaN, so that a diverged network
// shows as one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tuner/sdk/update.hpp"

namespace tuner::objectives {

// gelu is the exact one, x Phi(x); leaky_relu has slope 0.01 below 0. At its kink a relu's derivative is 0, as
// PyTorch's.
enum class Activation : std::uint32_t { relu, leaky_relu, tanh, sigmoid, gelu };

inline constexpr double kLeakySlope = 0.01;

// 1 / (1 + exp(-x)) without overflow on either side.
template <class T>
T logistic(T x) {
  const T e = std::exp(x < 0 ? x : -x);
  return (x < 0 ? e : T(1)) / (T(1) + e);
}
// Phi(x) and phi(x) of the standard normal distribution.
template <class T>
T normal_cdf(T x) {
  return T(0.5) * std::erfc(x * T(-0.70710678118654752));
}
template <class T>
T normal_density(T x) {
  return T(0.39894228040143268) * std::exp(T(-0.5) * x * x);
}

// z and out do not overlap, here and below. What needs no function of the library is a vector loop for the instruction
// set of the machine.
template <class T>
void activate(Activation kind, const T* z, T* out, std::size_t n) {
  const auto each = [&](auto f) {
    for (std::size_t i = 0; i < n; ++i) out[i] = f(z[i]);
  };
  switch (kind) {
    case Activation::relu:
      return sdk::detail::update(out, z, n, [](T& y, T x) TUNER_INLINE { y = x < 0 ? T(0) : x; });
    case Activation::leaky_relu:
      return sdk::detail::update(out, z, n, [](T& y, T x) TUNER_INLINE { y = x < 0 ? T(kLeakySlope) * x : x; });
    case Activation::tanh:
      return each([](T x) { return std::tanh(x); });
    case Activation::sigmoid:
      return each([](T x) { return logistic(x); });
    case Activation::gelu:
      return each([](T x) { return x * normal_cdf(x); });
  }
}

// out = act'(z) out. The step functions multiply by 0 or 1 rather than select: the loop vectorises.
template <class T>
void multiply_slope(Activation kind, const T* z, T* out, std::size_t n) {
  const auto each = [&](auto f) {
    for (std::size_t i = 0; i < n; ++i) out[i] *= f(z[i]);
  };
  switch (kind) {
    case Activation::relu:
      return sdk::detail::update(out, z, n, [](T& y, T x) TUNER_INLINE { y *= x > 0 ? T(1) : T(0); });
    case Activation::leaky_relu:
      return sdk::detail::update(out, z, n, [](T& y, T x) TUNER_INLINE { y *= x > 0 ? T(1) : T(kLeakySlope); });
    case Activation::tanh:
      return each([](T x) {
        const T t = std::tanh(x);
        return 1 - t * t;
      });
    case Activation::sigmoid:
      return each([](T x) {
        const T s = logistic(x);
        return s * (1 - s);
      });
    case Activation::gelu:
      return each([](T x) { return normal_cdf(x) + x * normal_density(x); });
  }
}

// out += act''(z) a b
template <class T>
void add_curvature(Activation kind, const T* z, const T* a, const T* b, T* out, std::size_t n) {
  const auto each = [&](auto f) {
    for (std::size_t i = 0; i < n; ++i) out[i] += f(z[i]) * a[i] * b[i];
  };
  switch (kind) {
    case Activation::relu:
    case Activation::leaky_relu:
      return;  // zero but at the kink
    case Activation::tanh:
      return each([](T x) {
        const T t = std::tanh(x);
        return -2 * t * (1 - t * t);
      });
    case Activation::sigmoid:
      return each([](T x) {
        const T s = logistic(x);
        return s * (1 - s) * (1 - 2 * s);
      });
    case Activation::gelu:
      return each([](T x) { return normal_density(x) * (2 - x * x); });
  }
}

}  // namespace tuner::objectives
