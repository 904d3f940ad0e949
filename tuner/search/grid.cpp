// Every point of a space once: file order, the last key fastest.
#include "tuner/search/grid.hpp"

#include <cmath>
#include <limits>

#include "tuner/error.hpp"

namespace tuner::search {

namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 32;  // a trial's number has 32 bits in the random streams

std::uint64_t checked(std::uint64_t points) {
  if (points > kMost)
    throw Error(Message::config_impossible, "the grid has more than 4294967296 points",
                "take fewer values, or method: random");
  return points;
}

// Neither factor is above kMost, but their product may be 2^64.
std::uint64_t checked_product(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? 0 : checked(a > kMost / b ? kMost + 1 : a * b);
}

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

Value typed(const Range& range, double value) {
  if (range.integer) return static_cast<std::int64_t>(std::llround(value));
  return value;
}

std::vector<Value> range_values(const Range& range) {
  std::vector<Value> values;
  const auto add = [&](double value) {
    const Value next = typed(range, value);
    if (values.empty() || values.back() != next) values.push_back(next);  // rounding makes integers meet
  };
  if (range.step) {
    // The slack keeps max, and its exact value, where (max - min) / step is an integer but for rounding.
    constexpr double kSlack = 1e-9;
    const double steps = (range.max - range.min) / *range.step;
    const auto last = static_cast<std::int64_t>(std::floor(steps + kSlack));
    for (std::int64_t k = 0; k <= last; ++k)
      add(std::abs(steps - static_cast<double>(k)) < kSlack ? range.max
                                                            : range.min + static_cast<double>(k) * *range.step);
    return values;
  }
  const std::int64_t count = range.count.value_or(1);
  for (std::int64_t k = 0; k < count; ++k) {
    // Ends are exact, not what exp(log(x)) gives.
    if (k == 0)
      add(range.min);
    else if (k + 1 == count)
      add(range.max);
    else
      add(interpolate(range, static_cast<double>(k) / static_cast<double>(count - 1)));
  }
  return values;
}

}  // namespace

std::vector<Value> grid_values(const Dimension& dimension) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return *values;
  if (const auto* branches = std::get_if<Branches>(&dimension.domain))
    return {branches->labels.begin(), branches->labels.end()};
  return range_values(std::get<Range>(dimension.domain));
}

Grid::Grid(const Space& space) : space_(space), children_(space.dimensions.size()) {
  for (std::size_t i = 0; i < space.dimensions.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    values_.push_back(grid_values(dimension));
    if (const auto* branches = std::get_if<Branches>(&dimension.domain)) children_[i].resize(branches->labels.size());
    if (dimension.parent)
      children_[*dimension.parent][dimension.branch].push_back(i);
    else
      roots_.push_back(i);
  }
  size_ = product(roots_);
}

std::uint64_t Grid::product(const std::vector<std::size_t>& dimensions) const {
  std::uint64_t points = 1;
  for (const std::size_t i : dimensions) points = checked_product(points, count(i));
  return points;
}

// Points of one dimension with everything inside of it.
std::uint64_t Grid::count(std::size_t dimension) const {
  if (children_[dimension].empty()) return values_[dimension].size();
  std::uint64_t points = 0;
  for (const auto& inside : children_[dimension]) points = checked(points + product(inside));
  return points;
}

void Grid::place(const std::vector<std::size_t>& dimensions, std::uint64_t index, Point& point) const {
  for (auto it = dimensions.rbegin(); it != dimensions.rend(); ++it) {
    const std::uint64_t points = count(*it);
    std::uint64_t own = index % points;
    index /= points;
    if (children_[*it].empty()) {
      point[*it] = values_[*it][own];
      continue;
    }
    for (std::size_t branch = 0; branch < children_[*it].size(); ++branch) {
      const std::uint64_t inside = product(children_[*it][branch]);
      if (own < inside) {
        point[*it] = values_[*it][branch];
        place(children_[*it][branch], own, point);
        break;
      }
      own -= inside;
    }
  }
}

Point Grid::propose(std::uint64_t number) const {
  Point point(space_.dimensions.size());
  place(roots_, number, point);
  return point;
}

}  // namespace tuner::search
