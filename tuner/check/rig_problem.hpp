// What the rig trains, and the optimizer that it puts inside of those that wrap one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tuner/abi.h"

namespace tuner::check {

// The loss of optimizer_rig.hpp, in double.
class Problem {
 public:
  Problem(std::size_t n, std::uint64_t seed, double scale)
      : scale_(scale), seed_(seed), curvature_(n), tilt_(n), center_(n), moved_(n), weights_(n) {
    for (std::size_t i = 0; i < n; ++i) {
      curvature_[i] = std::pow(10.0, -2 * uniform(0, i));
      tilt_[i] = 2 * uniform(1, i) - 1;
      center_[i] = 2 * uniform(2, i) - 1;
    }
    batch(0);
  }

  // A linear one: at step t it has these gradients wherever x is.
  Problem(std::vector<double> start, std::vector<std::vector<double>> gradients)
      : scale_(1), seed_(0), start_(std::move(start)), gradients_(std::move(gradients)) {}

  // Near enough to the centers that Newton's method converges from there.
  [[nodiscard]] double start(std::size_t i) const {
    return start_.empty() ? center_[i] + 1.4 * uniform(3, i) - 0.7 : start_[i];
  }
  void batch(std::int64_t step) {
    step_ = step;
    const auto row = 4 + static_cast<std::uint64_t>(step);
    for (std::size_t i = 0; i < moved_.size(); ++i) moved_[i] = center_[i] + 0.2 * uniform(row, i) - 0.1;
  }

  // The loss; its gradient into g, where that is not empty.
  double evaluate(std::span<const double> x, std::span<double> g) {
    if (x.empty()) return 0;
    if (!start_.empty()) return linear(x, g);
    double sum = weigh(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double u = x[i] - moved_[i], r = root(u);
      sum += curvature_[i] * (r - 1);
      if (g.empty() || scale_ == 0) continue;  // not even the sign of a zero
      const double slope = std::abs(u) < 1e150 ? u / r : std::copysign(1.0, u);
      g[i] = scale_ * (curvature_[i] * slope + tilt_[i] * weights_[i]);
    }
    return scale_ * sum;
  }
  void product(std::span<const double> x, std::span<const double> v, std::span<double> result) {
    if (x.empty()) return;
    std::ranges::fill(result, 0.0);
    if (!start_.empty()) return;
    (void)weigh(x);
    double mean = 0;
    for (std::size_t i = 0; i < x.size(); ++i) mean += weights_[i] * tilt_[i] * v[i];
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double r = root(x[i] - moved_[i]);
      const double bent = curvature_[i] / (r * r * r) * v[i];
      result[i] = scale_ == 0 ? 0.0 : scale_ * (bent + tilt_[i] * weights_[i] * (tilt_[i] * v[i] - mean));
    }
  }

 private:
  double linear(std::span<const double> x, std::span<double> g) const {
    const std::vector<double>& slopes = gradients_.at(static_cast<std::size_t>(std::max<std::int64_t>(step_, 1) - 1));
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += slopes[i] * x[i];
    if (!g.empty()) std::ranges::copy(slopes, g.begin());
    return sum;
  }
  [[nodiscard]] double uniform(std::uint64_t row, std::size_t i) const {
    tuner_rng rng{};
    rng.struct_size = sizeof rng;
    rng.purpose = TUNER_RNG_DATA;
    rng.seed = seed_;
    return tuner_rng_uniform_at(&rng, (row << 32) + i);
  }
  static double root(double u) { return std::abs(u) < 1e150 ? std::sqrt(1 + u * u) : std::abs(u); }
  // weights = softmax of tilt x; returns the logarithm of the sum.
  double weigh(std::span<const double> x) {
    double most = -HUGE_VAL, sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, tilt_[i] * x[i]);
    for (std::size_t i = 0; i < x.size(); ++i) sum += weights_[i] = std::exp(tilt_[i] * x[i] - most);
    for (double& w : weights_) w /= sum;
    return most + std::log(sum);
  }

  double scale_;
  std::uint64_t seed_;
  std::vector<double> curvature_, tilt_, center_, moved_, weights_;
  std::vector<double> start_;                   // of a linear one, else empty
  std::vector<std::vector<double>> gradients_;  // by step
  std::int64_t step_ = 0;
};

// The optimizer under `inner:` of a plugin that wraps: gradient descent with momentum, v = 0.9 v + g, x -= lr v.
// Option `status` is what its step returns without doing anything, where that is not TUNER_OK.
[[nodiscard]] const tuner_plugin& inner_descent();

}  // namespace tuner::check
