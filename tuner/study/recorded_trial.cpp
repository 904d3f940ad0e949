#include "tuner/study/recorded_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

namespace tuner::study {

namespace {

// The value of a dimension that was recorded as `value`.
std::optional<Value> value_in(const Dimension& dimension, const Value& value) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) {
    if (std::ranges::find(*values, value) != values->end()) return value;
    // An infinity is recorded as a text.
    const auto found = std::ranges::find(*values, to_json(value), [](const Value& known) { return to_json(known); });
    return found == values->end() ? std::nullopt : std::optional(*found);
  }
  if (const auto* branches = std::get_if<Branches>(&dimension.domain)) {
    const auto* label = std::get_if<std::string>(&value);
    const bool known = label != nullptr && std::ranges::find(branches->labels, *label) != branches->labels.end();
    return known ? std::optional(value) : std::nullopt;
  }
  const auto& range = std::get<Range>(dimension.domain);
  if (range.integer) {
    const auto* integer = std::get_if<std::int64_t>(&value);
    const bool within =
        integer != nullptr && static_cast<double>(*integer) >= range.min && static_cast<double>(*integer) <= range.max;
    return within ? std::optional(value) : std::nullopt;
  }
  const auto* real = std::get_if<double>(&value);
  const bool legal = real != nullptr && std::isfinite(*real) && (range.scale != Scale::log || *real > 0);
  return legal ? std::optional(value) : std::nullopt;
}

}  // namespace

TrialResult result_of(storage::TrialDetail trial) {
  TrialResult result;
  result.outcome = trial.run.outcome;
  result.value = trial.run.value;
  result.best_value = trial.best_value;
  result.last_value = trial.last_value;
  result.steps = trial.run.steps;
  result.epochs = trial.epochs;
  result.evaluations = trial.evaluations;
  result.nonfinite_gradients = trial.nonfinite_gradients;
  result.target_step = trial.target_step;
  result.target_seconds = trial.target_seconds;
  result.wall_seconds = trial.run.wall_seconds;
  result.error = trial.run.error;
  result.metrics = std::move(trial.metrics);
  result.log = std::move(trial.log);
  return result;
}

std::string words_of(const Parameters& parameters) {
  std::string words;
  for (const auto& [name, value] : parameters)
    words += fmt::format("{}{}={}", words.empty() ? "" : " ", name, to_json(value));
  return words;
}

void follow_paths(const StudyPlan& plan, Parameters& parameters) {
  for (auto& [name, value] : parameters) {
    const auto dimension = std::ranges::find(plan.space.dimensions, name, &Dimension::name);
    const auto* then = std::get_if<std::string>(&value);
    if (dimension == plan.space.dimensions.end() || then == nullptr) continue;
    const auto* values = std::get_if<Values>(&dimension->domain);
    if (values == nullptr || std::ranges::find(*values, value) != values->end()) continue;
    std::ptrdiff_t most = 0;
    std::optional<Value> nearest;
    const std::filesystem::path before(*then);
    for (const Value& candidate : *values) {
      const auto* text = std::get_if<std::string>(&candidate);
      if (text == nullptr || !plan.files.contains(*text)) continue;
      const std::filesystem::path now(*text);
      std::ptrdiff_t equal = 0;
      for (auto a = before.end(), b = now.end(); a != before.begin() && b != now.begin() && *--a == *--b;) ++equal;
      if (equal > most) {
        most = equal;
        nearest = candidate;
      }
    }
    if (nearest) value = *nearest;
  }
}

std::optional<Configuration> point_from(const Space& space, const Parameters& parameters,
                                        const search::Searcher& searcher) {
  Configuration point(space.dimensions.size());
  auto next = parameters.begin();
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    const bool given = next != parameters.end() && next->first == dimension.name;
    if (!is_active(space, point, i)) {
      if (given) return std::nullopt;
      continue;
    }
    if (given) point[i] = value_in(dimension, (next++)->second);
    if (!point[i] && (given || !searcher.may_lack(dimension))) return std::nullopt;
  }
  return next == parameters.end() ? std::optional(std::move(point)) : std::nullopt;
}

}  // namespace tuner::study
