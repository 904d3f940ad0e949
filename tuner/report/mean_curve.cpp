#include "tuner/report/mean_curve.hpp"

#include <algorithm>
#include <cmath>

#include "tuner/report/statistics.hpp"

namespace tuner::report {

namespace {

// The q-th quantile, linear between neighbors. Reorders the values.
double quantile(std::vector<double>& values, double q) {
  const double at = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(low);
  std::ranges::nth_element(values, middle);
  if (low + 1 == values.size()) return *middle;
  const double next = *std::min_element(middle + 1, values.end());
  return *middle + (next - *middle) * (at - static_cast<double>(low));
}

BandPoint point_of(std::int64_t step, std::vector<double>& values, Middle middle) {
  BandPoint point{.step = step, .n = values.size(), .middle = 0, .low = {}, .high = {}, .deviation = {}};
  if (middle == Middle::median) {
    point.middle = quantile(values, 0.5);
    point.low = quantile(values, 0.25);
    point.high = quantile(values, 0.75);
    return point;
  }
  const Mean mean = mean_by_t(values);
  point.middle = mean.mean;
  point.low = mean.low;
  point.high = mean.high;
  point.deviation = mean.deviation;
  return point;
}

}  // namespace

void MeanCurve::add(const std::vector<storage::CurvePoint>& points) {
  ++trials_;
  // Most curves have the steps of those before.
  auto place = values_.begin();
  for (const auto& [step, value] : points) {
    if (!std::isfinite(value)) {
      ++left_out_;
      continue;
    }
    while (place != values_.end() && place->first < step) ++place;
    if (place == values_.end() || place->first != step)
      place = values_.emplace_hint(place, step, std::vector<double>());
    place->second.push_back(value);
  }
}

std::vector<BandPoint> MeanCurve::points(Middle middle) {
  std::vector<BandPoint> points;
  points.reserve(values_.size());
  for (auto& [step, values] : values_) points.push_back(point_of(step, values, middle));
  return points;
}

}  // namespace tuner::report
