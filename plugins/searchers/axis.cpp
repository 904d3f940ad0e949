#include "axis.hpp"

#include <limits>

namespace searchers {
namespace {

constexpr double kReach = 4;  // of a normal distribution without ends, in sigma

}  // namespace

Axis::Axis(const tuner::Dimension& d)
    : choice(d.is_choice()),
      ordered(d.is_ordered()),
      normal(!d.is_choice() && d.is_normal()),
      scale(d.scale()),
      choices(d.choice_count()),
      low(d.low()),
      high(d.high()),
      step(d.step()),
      mu(d.mu()),
      sigma(d.sigma()),
      parent(d.parent()),
      active_choices(d.active_choices()) {
  if (choice) {
    probabilities.assign(d.probabilities().begin(), d.probabilities().end());
    if (probabilities.empty()) probabilities.assign(choices, 1.0 / static_cast<double>(choices));
    levels = static_cast<double>(choices);
    low = 0;
    high = levels - 1;
    return;
  }
  if (d.is_integer() && step <= 0) step = 1;
  if (std::isinf(low)) low = unscaled(mu - kReach * sigma);
  if (std::isinf(high)) high = unscaled(mu + kReach * sigma);
  if (step > 0) {
    // A normal range without a first value has the multiples of its step.
    if (std::isinf(d.low())) low = std::ceil(low / step) * step;
    levels = std::floor((high - low) / step * (1 + 1e-12) + 1e-9) + 1;
    high = std::min(high, low + (levels - 1) * step);
  }
  least = cell_low(low);
  most = cell_high(high);
}

double Axis::scaled(double value) const {
  if (scale == TUNER_SCALE_LOG) return std::log(value);
  if (scale == TUNER_SCALE_LOG1M) return -std::log1p(-value);
  return value;
}

double Axis::unscaled(double t) const {
  if (scale == TUNER_SCALE_LOG) return std::exp(t);
  if (scale == TUNER_SCALE_LOG1M) return -std::expm1(-t);
  return t;
}

double Axis::place(double value) const {
  if (choice) return value;
  return scaled(std::clamp(value, low, high));
}

double Axis::snapped(double value) const {
  if (step <= 0) return std::clamp(value, low, high);
  const double index = std::clamp(std::nearbyint((value - low) / step), 0.0, levels - 1);
  return std::min(low + index * step, high);
}

double Axis::value(double t) const {
  // The logarithm of an end need not lead back to it.
  if (t <= least) return low;
  if (t >= most) return high;
  return snapped(unscaled(t));
}

double Axis::cell_low(double value) const {
  if (step <= 0) return scaled(value);
  // Half a step may lead out of the domain of the logarithm: there half of the value, as of 1 with step 1.
  if (scale == TUNER_SCALE_LOG) return scaled(std::max(value - step / 2, value / 2));
  return scaled(value - step / 2);
}

double Axis::cell_high(double value) const {
  if (step <= 0) return scaled(value);
  if (scale == TUNER_SCALE_LOG1M) return scaled(std::min(value + step / 2, (1 + value) / 2));
  return scaled(value + step / 2);
}

double Axis::quantile(double u) const {
  if (choice) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < choices; ++i) {
      sum += probabilities[i];
      if (u < sum) return static_cast<double>(i);
    }
    return static_cast<double>(choices - 1);
  }
  if (!normal) return value(least + u * width());
  const double z = truncated_quantile(u, (least - mu) / sigma, (most - mu) / sigma);
  return value(mu + sigma * z);
}

Axes::Axes(const tuner::SearchSpace& space) {
  reserve(space.size());
  for (const tuner::Dimension dimension : space) emplace_back(dimension);
}

bool Axes::is_active(std::size_t axis, std::span<const double> values, std::span<const std::uint8_t> states) const {
  const Axis& a = (*this)[axis];
  if (a.parent < 0) return true;
  const auto parent = static_cast<std::size_t>(a.parent);
  if (states[parent] == TUNER_VALUE_INACTIVE) return false;
  const auto chosen = static_cast<std::uint32_t>(values[parent]);
  return std::ranges::find(a.active_choices, chosen) != a.active_choices.end();
}

}  // namespace searchers
