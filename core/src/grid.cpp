#include "tuner/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "decimal.hpp"

namespace tuner {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
// Keeps max, and its exact value, where (max - min) / step is an integer but for rounding.
constexpr double kSlack = 1e-9;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return a > kMost - b ? kMost : a + b; }
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return b != 0 && a > kMost / b ? kMost : a * b; }

bool is_bounded(const Range& range) { return std::isfinite(range.min) && std::isfinite(range.max); }

double steps_of(const Range& range) {
  const double width = range.max - range.min;
  return std::isfinite(width) ? width / *range.step : range.max / *range.step - range.min / *range.step;
}

// Version 1 has double in place of long double, and the last bits that this gives.
template <class Real>
double interpolate(const Range& range, Real t) {
  const Real min = range.min, max = range.max;
  switch (range.scale) {
    case Scale::linear:
      return static_cast<double>(std::isfinite(range.max - range.min) ? min + t * (max - min)
                                                                      : min * (1 - t) + max * t);
    case Scale::log:
      return static_cast<double>(std::exp(std::log(min) + t * (std::log(max) - std::log(min))));
    case Scale::log1m:
      return static_cast<double>(1 - std::exp(std::log1p(-min) + t * (std::log1p(-max) - std::log1p(-min))));
  }
  return range.min;
}

double number_at(const Range& range, std::uint64_t k, int version) {
  if (range.step) {
    if (std::abs(steps_of(range) - static_cast<double>(k)) < kSlack) return range.max;
    const double binary = range.min + static_cast<double>(k) * *range.step;
    return version == 1 ? binary : decimal_step(range.min, *range.step, k).value_or(binary);
  }
  const auto count = static_cast<std::uint64_t>(range.count.value_or(1));
  // Ends are exact, not what exp(log(x)) gives.
  if (k == 0) return range.min;
  if (k + 1 == count) return range.max;
  if (version == 1) return interpolate<double>(range, static_cast<double>(k) / static_cast<double>(count - 1));
  if (range.scale == Scale::linear)
    if (const auto decimal = decimal_between(range.min, range.max, k, count - 1)) return *decimal;
  const long double t = static_cast<long double>(k) / static_cast<long double>(count - 1);
  return std::clamp(short_decimal(interpolate<long double>(range, t)), range.min, range.max);
}

// How often grid_value may be asked.
std::uint64_t value_count(const Range& range) {
  return range.step ? step_count(range) : static_cast<std::uint64_t>(range.count.value_or(1));
}

std::vector<Value> range_values(const Range& range, int version) {
  std::vector<Value> values;
  for (std::uint64_t k = 0; k < value_count(range); ++k) {
    Value next = grid_value(range, k, version);
    if (values.empty() || values.back() != next) values.push_back(std::move(next));  // rounding makes integers meet
  }
  return values;
}

// Values that a grid takes of a dimension that is no one_of.
std::uint64_t values_in_grid(const Dimension& dimension) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return values->size();
  const auto& range = std::get<Range>(dimension.domain);
  if (!is_bounded(range)) return kMost;
  return range.integer ? range_values(range, kSearchVersion).size() : value_count(range);
}

// Values that it can have at all; a range of reals has no end of them.
std::uint64_t values_in_search(const Dimension& dimension) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return values->size();
  const auto& range = std::get<Range>(dimension.domain);
  if (range.step) return step_count(range);
  return range.integer && is_bounded(range) ? static_cast<std::uint64_t>(range.max - range.min) + 1 : kMost;
}

using Count = std::uint64_t (*)(const Dimension&);

std::uint64_t size_below(const Space& space, std::optional<std::size_t> parent, std::size_t branch, Count count);

std::uint64_t size_of(const Space& space, std::size_t index, Count count) {
  const Dimension& dimension = space.dimensions[index];
  const auto* branches = std::get_if<Branches>(&dimension.domain);
  if (branches == nullptr) return count(dimension);
  std::uint64_t size = 0;
  for (std::size_t b = 0; b < branches->labels.size(); ++b) size = plus(size, size_below(space, index, b, count));
  return size;
}

// Product over the dimensions that are active where `parent` took `branch`.
std::uint64_t size_below(const Space& space, std::optional<std::size_t> parent, std::size_t branch, Count count) {
  std::uint64_t size = 1;
  for (std::size_t i = parent ? *parent + 1 : 0; i < space.dimensions.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    if (dimension.parent != parent || (parent && dimension.branch != branch)) continue;
    size = times(size, size_of(space, i, count));
  }
  return size;
}

}  // namespace

Value grid_value(const Range& range, std::uint64_t k, int search_version) {
  const double number = number_at(range, k, search_version);
  if (range.integer) return static_cast<std::int64_t>(std::llround(number));
  return number;
}

Value nearest_step(const Range& range, double x, int search_version) {
  if (std::isfinite(range.min)) {
    const double k = std::max(std::round((x - range.min) / *range.step), 0.0);
    return grid_value(range, std::min(static_cast<std::uint64_t>(std::min(k, 0x1p53)), step_count(range) - 1),
                      search_version);
  }
  const double most = std::floor(range.max / *range.step + kSlack);
  const double k = std::clamp(std::round(x / *range.step), -0x1p53, std::min(most, 0x1p53));
  const double size = std::get<double>(grid_value(Range{.max = HUGE_VAL, .step = *range.step, .count = {}},
                                                  static_cast<std::uint64_t>(std::abs(k)), search_version));
  const double number = k < 0 ? -size : size;
  if (range.integer) return static_cast<std::int64_t>(std::llround(number));
  return number;
}

std::uint64_t step_count(const Range& range) {
  if (!is_bounded(range)) return kMost;
  return static_cast<std::uint64_t>(std::floor(steps_of(range) + kSlack)) + 1;
}

std::vector<Value> grid_values(const Dimension& dimension, int search_version) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) return *values;
  if (const auto* branches = std::get_if<Branches>(&dimension.domain))
    return {branches->labels.begin(), branches->labels.end()};
  return range_values(std::get<Range>(dimension.domain), search_version);
}

std::optional<Value> value_from_text(const Dimension& dimension, const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const auto* range = std::get_if<Range>(&dimension.domain);
  if (range == nullptr) {
    for (const Value& value : grid_values(dimension)) {
      if (to_display(value, 12) == text || to_json(value) == text) return value;
      if (const auto* real = std::get_if<double>(&value); real != nullptr && is_number && number == *real) return value;
    }
    return std::nullopt;
  }
  if (!is_number || !(number >= range->min && number <= range->max)) return std::nullopt;
  if (range->integer && number != std::floor(number)) return std::nullopt;
  if (range->step) {
    const Value nearest = nearest_step(*range, number);
    const auto* integer = std::get_if<std::int64_t>(&nearest);
    const double there = integer != nullptr ? static_cast<double>(*integer) : std::get<double>(nearest);
    return std::abs(there - number) <= 1e-9 * *range->step ? std::optional(nearest) : std::nullopt;
  }
  return range->integer ? Value(static_cast<std::int64_t>(number)) : Value(number);
}

std::string values_text(const Dimension& dimension) {
  if (const auto* range = std::get_if<Range>(&dimension.domain)) {
    const char* what = range->integer ? "an integer" : "a number";
    const std::string steps = range->step ? fmt::format(", in steps of {:g}", *range->step) : std::string();
    return fmt::format("{} from {:g} to {:g}{}", what, range->min, range->max, steps);
  }
  std::string words;
  for (const Value& value : grid_values(dimension))
    words += (words.empty() ? "one of: " : ", ") + to_display(value, 12);
  return words;
}

std::uint64_t grid_size(const Space& space) { return size_below(space, std::nullopt, 0, values_in_grid); }

std::optional<std::uint64_t> configuration_count(const Space& space) {
  const std::uint64_t count = size_below(space, std::nullopt, 0, values_in_search);
  return count == kMost ? std::nullopt : std::optional(count);
}

}  // namespace tuner
