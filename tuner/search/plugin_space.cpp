#include "tuner/search/plugin_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/distribution.hpp"
#include "tuner/error.hpp"
#include "tuner/grid.hpp"

namespace tuner::search {

namespace {

constexpr double kUncut = 6;           // standard deviations
constexpr double kRounding = 0x1p-40;  // of a value at an end of its range or between two steps
constexpr double kLargestReal = std::numeric_limits<double>::max();

bool crosses_as_share(const Range& range) { return range.distribution == Distribution::beta; }

// The ends of a range, on its steps, where its distribution has none.
std::pair<double, double> ends_of(const Range& range) {
  double low = range.min;
  double high = range.max;
  const bool is_log = range.distribution == Distribution::log_normal;
  const auto at = [&](double deviations) {
    const double x = range.mu + deviations * range.sigma;
    return is_log ? std::exp(x) : x;
  };
  const double step = range.step.value_or(range.integer ? 1 : 0);
  if (!std::isfinite(low)) low = step > 0 ? std::ceil(at(-kUncut) / step) * step : at(-kUncut);
  if (!std::isfinite(high)) high = step > 0 ? std::floor(at(kUncut) / step) * step : at(kUncut);
  if (is_log) low = std::max(low, step > 0 ? step : std::numeric_limits<double>::min());
  return {std::clamp(low, -kLargestReal, kLargestReal), std::clamp(high, -kLargestReal, kLargestReal)};
}

std::vector<Value> values_of(const Branches& branches) { return {branches.labels.begin(), branches.labels.end()}; }

double number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  const auto* real = std::get_if<double>(&value);
  return real != nullptr ? *real : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

PluginSpace::PluginSpace(const Space& space) : space_(space) {
  const std::size_t count = space.dimensions.size();
  dimensions_.resize(count);
  choice_values_.resize(count);
  texts_.resize(count);
  text_pointers_.resize(count);
  active_choices_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Dimension& from = space.dimensions[i];
    tuner_dimension& to = dimensions_[i];
    to.struct_size = sizeof to;
    to.name = from.name.c_str();
    to.parent = from.parent ? static_cast<std::int32_t>(*from.parent) : -1;
    active_choices_[i] = static_cast<std::uint32_t>(from.branch);
    if (from.parent) {
      to.n_active_choices = 1;
      to.active_choices = &active_choices_[i];
    }
    if (!from.probabilities.empty()) to.probabilities = from.probabilities.data();
    if (const auto* range = std::get_if<Range>(&from.domain)) add_range(to, *range);
    if (const auto* values = std::get_if<Values>(&from.domain)) add_choices(to, *values);
    if (const auto* branches = std::get_if<Branches>(&from.domain)) add_choices(to, values_of(*branches));
  }
  abi_.struct_size = sizeof abi_;
  abi_.n_dimensions = static_cast<std::uint32_t>(count);
  abi_.dimension_stride = sizeof(tuner_dimension);
  abi_.dimensions = dimensions_.data();
}

void PluginSpace::add_range(tuner_dimension& dimension, const Range& range) {
  if (crosses_as_share(range)) {
    dimension.type = TUNER_DIMENSION_REAL;
    dimension.high = 1;
    return;
  }
  dimension.type = range.integer ? TUNER_DIMENSION_INTEGER : TUNER_DIMENSION_REAL;
  dimension.scale = static_cast<std::uint32_t>(range.scale);
  std::tie(dimension.low, dimension.high) = ends_of(range);
  dimension.step = range.step.value_or(range.integer ? 1 : 0);
  if (range.distribution == Distribution::uniform) return;
  dimension.distribution = TUNER_DISTRIBUTION_NORMAL;
  if (range.distribution == Distribution::log_normal) dimension.scale = TUNER_SCALE_LOG;
  dimension.mu = range.mu;
  dimension.sigma = range.sigma;
}

void PluginSpace::add_choices(tuner_dimension& dimension, const std::vector<Value>& values) {
  const auto at = static_cast<std::size_t>(&dimension - dimensions_.data());
  for (const Value& value : values) {
    choice_values_[at].push_back(number_of(value));
    texts_[at].push_back(to_json(value));
  }
  for (const std::string& text : texts_[at]) text_pointers_[at].push_back(text.c_str());
  dimension.type = TUNER_DIMENSION_CHOICE;
  dimension.n_choices = static_cast<std::uint32_t>(values.size());
  dimension.choice_texts = text_pointers_[at].data();
  const std::vector<double>& numbers = choice_values_[at];
  if (std::ranges::any_of(numbers, [](double x) { return !std::isnan(x); })) dimension.choice_values = numbers.data();
  // Numbers that rise or fall have an order.
  const auto monotone = [&](auto before) {
    return std::ranges::adjacent_find(numbers, [&](double a, double b) { return !before(a, b); }) == numbers.end();
  };
  if (numbers.size() > 1 && (monotone(std::less<>()) || monotone(std::greater<>())))
    dimension.flags |= TUNER_DIMENSION_ORDERED;
}

Row PluginSpace::row_of(const Configuration& configuration, std::uint8_t state) const {
  Row row{std::vector<double>(size(), 0.0), std::vector<std::uint8_t>(size(), TUNER_VALUE_INACTIVE)};
  for (std::size_t i = 0; i < size(); ++i) {
    if (!configuration[i]) continue;
    const Value& value = *configuration[i];
    const auto& domain = space_.dimensions[i].domain;
    row.states[i] = state;
    if (const auto* branches = std::get_if<Branches>(&domain))
      row.values[i] = static_cast<double>(branch_of(*branches, value));
    else if (const auto* values = std::get_if<Values>(&domain))
      row.values[i] = static_cast<double>(std::ranges::find(*values, value) - values->begin());
    else if (const auto& range = std::get<Range>(domain); crosses_as_share(range))
      row.values[i] = share_below(range, number_of(value));
    else
      row.values[i] = number_of(value);
  }
  return row;
}

Value PluginSpace::value_of(std::size_t index, double x, const std::string& who) const {
  const Dimension& dimension = space_.dimensions[index];
  const tuner_dimension& seen = dimensions_[index];
  const auto refuse = [&](const std::string& legal) {
    throw Error(Message::plugin_bad_proposal,
                fmt::format("{} has {} = {:.17g}, and {} is due", who, dimension.name, x, legal),
                "`tuner plugins check FILE` finds out where; another method can search this space");
  };
  if (seen.type == TUNER_DIMENSION_CHOICE) {
    const bool is_index = x >= 0 && x < seen.n_choices && x == std::floor(x);
    if (!is_index) refuse(fmt::format("the index of one of {} choices", seen.n_choices));
    const auto choice = static_cast<std::size_t>(x);
    if (const auto* branches = std::get_if<Branches>(&dimension.domain)) return branches->labels[choice];
    return std::get<Values>(dimension.domain)[choice];
  }
  const double margin = kRounding * std::max({std::abs(seen.low), std::abs(seen.high), seen.high - seen.low});
  const bool within = x >= seen.low - margin && x <= seen.high + margin;
  if (!within) refuse(fmt::format("a number from {:g} to {:g}", seen.low, seen.high));
  x = std::clamp(x, seen.low, seen.high);
  const auto& range = std::get<Range>(dimension.domain);
  if (crosses_as_share(range)) return random_quantile(range, std::min(x, 1 - 0x1p-53));
  if (seen.step > 0) {
    const double steps = (x - seen.low) / seen.step;
    if (std::abs(steps - std::round(steps)) > 1e-6)
      refuse(fmt::format("{:g} + k * {:g} with a whole k", seen.low, seen.step));
  }
  if (range.step) return nearest_step(range, x);
  if (range.integer) return static_cast<std::int64_t>(std::llround(x));
  return x;
}

Configuration PluginSpace::configuration_of(const Row& row, const std::string& who) const {
  Configuration configuration(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const bool active = is_active(space_, configuration, i);
    const bool given = row.states[i] != TUNER_VALUE_INACTIVE;
    if (active != given)
      throw Error(
          Message::plugin_bad_proposal,
          fmt::format("{} {} {}, which is {}active beside the values before it", who,
                      given ? "has a value for" : "has no value for", space_.dimensions[i].name, active ? "" : "not "),
          "`tuner plugins check FILE` finds out where; another method can search this space");
    if (active) configuration[i] = value_of(i, row.values[i], who);
  }
  return configuration;
}

}  // namespace tuner::search
