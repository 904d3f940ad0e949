// What a trial measured, as a study with constraints or several metrics judges it.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tuner/trial.hpp"

namespace tuner {

// A metric of that name, with or without the "val_" of a training, is a constraint: fulfilled where it is at most 0.
inline constexpr std::string_view kConstraint = "constraint.";
[[nodiscard]] bool is_constraint(std::string_view metric);

// Of the points of one trial, in order of their steps for each name.
[[nodiscard]] std::optional<double> last_value(std::span<const MetricPoint> points, std::string_view metric);
// The last point of each metric.
[[nodiscard]] std::vector<MetricPoint> last_points(std::span<const MetricPoint> points);
// The last value of each constraint, in order of their names.
[[nodiscard]] std::vector<double> constraints_of(std::span<const MetricPoint> points);
// The sum of what is above 0; NaN counts as infinity. 0: feasible.
[[nodiscard]] double violation_of(std::span<const double> constraints);

}  // namespace tuner
