#include "tuner/grid.hpp"

#include <cmath>
#include <limits>

namespace tuner {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
// Keeps max, and its exact value, where (max - min) / step is an integer but for rounding.
constexpr double kSlack = 1e-9;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return a > kMost - b ? kMost : a + b; }
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > kMost / b ? kMost : a * b; }

double interpolate(const Range& range, double t) {
  switch (range.scale) {
    case Scale::linear:
      return range.min + t * (range.max - range.min);
    case Scale::log:
      return std::exp(std::log(range.min) + t * (std::log(range.max) - std::log(range.min)));
    case Scale::log1m:
      return 1 - std::exp(std::log1p(-range.min) + t * (std::log1p(-range.max) - std::log1p(-range.min)));
  }
  return range.min;
}

double number_at(const Range& range, std::uint64_t k) {
  if (range.step) {
    const double steps = (range.max - range.min) / *range.step;
    if (std::abs(steps - static_cast<double>(k)) < kSlack) return range.max;
    return range.min + static_cast<double>(k) * *range.step;
  }
  const auto count = static_cast<std::uint64_t>(range.count.value_or(1));
  // Ends are exact, not what exp(log(x)) gives.
  if (k == 0) return range.min;
  if (k + 1 == count) return range.max;
  return interpolate(range, static_cast<double>(k) / static_cast<double>(count - 1));
}

// How often grid_point may be asked.
std::uint64_t point_count(const Range& range) {
  if (!range.step) return static_cast<std::uint64_t>(range.count.value_or(1));
  return static_cast<std::uint64_t>(std::floor((range.max - range.min) / *range.step + kSlack)) + 1;
}

std::vector<Value> range_values(const Range& range) {
  std::vector<Value> values;
  for (std::uint64_t k = 0; k < point_count(range); ++k) {
    Value next = grid_point(range, k);
    if (values.empty() || values.back() != next) values.push_back(std::move(next));  // rounding makes integers meet
  }
  return values;
}

std::uint64_t size_below(const Space& space, std::optional<std::size_t> parent, std::size_t branch);

std::uint64_t size_of(const Space& space, std::size_t index) {
  const Dimension& dimension = space.dimensions[index];
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return values->size();
  if (const auto* range = std::get_if<Range>(&dimension.domain))
    return range->integer ? range_values(*range).size() : point_count(*range);
  std::uint64_t points = 0;
  for (std::size_t b = 0; b < std::get<Branches>(dimension.domain).labels.size(); ++b)
    points = plus(points, size_below(space, index, b));
  return points;
}

// Product over the dimensions that are active where `parent` took `branch`.
std::uint64_t size_below(const Space& space, std::optional<std::size_t> parent, std::size_t branch) {
  std::uint64_t size = 1;
  for (std::size_t i = parent ? *parent + 1 : 0; i < space.dimensions.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    if (dimension.parent != parent || (parent && dimension.branch != branch)) continue;
    size = times(size, size_of(space, i));
  }
  return size;
}

}  // namespace

Value grid_point(const Range& range, std::uint64_t k) {
  const double number = number_at(range, k);
  if (range.integer) return static_cast<std::int64_t>(std::llround(number));
  return number;
}

std::vector<Value> grid_values(const Dimension& dimension) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return *values;
  if (const auto* branches = std::get_if<Branches>(&dimension.domain))
    return {branches->labels.begin(), branches->labels.end()};
  return range_values(std::get<Range>(dimension.domain));
}

std::uint64_t grid_size(const Space& space) { return size_below(space, std::nullopt, 0); }

}  // namespace tuner
