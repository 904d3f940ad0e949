// What a plan is asked between reading and running: nothing runs before the whole of it is valid.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tuner/executor/inspector.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/tensor.hpp"
#include "tuner/training.hpp"

namespace tuner::commands {

// The study with the metric's name and goal where the file gives none. names: of the objective's branches.
// Errors: config.unknown_metric with "did you mean".
[[nodiscard]] Study with_metric(Study study, const std::vector<std::vector<MetricName>>& names);

// The configurations of the study's first trials that are checked.
struct CheckedPoint {
  TrialId trial;
  Configuration point;
};
inline constexpr std::uint64_t kMostChecked = 20'000;
[[nodiscard]] std::vector<CheckedPoint> points_to_check(const Study& study, const search::Searcher& searcher);

// What follows calls open, describe and bind of plugins: see inspection.hpp.

// Of every branch of the objective, for the first value of every option. Errors: plugin.data.
[[nodiscard]] std::vector<std::vector<MetricName>> metric_names_of(const executor::Inspected& asked);
struct ObjectiveTensors {
  std::string objective;  // label of its branch
  std::vector<TensorSpec> tensors;
};
[[nodiscard]] std::vector<ObjectiveTensors> objective_tensors(const executor::Inspected& asked);

// Makes every one of these trials ready to run without running it: options that do not go together are found before the
// first trial, and a group of an optimizer that takes no tensor in any of them.
// Errors: config.impossible, naming the trial and its parameters, or the group and the tensors;
// also where no trial can have the memory that it needs. One that cannot fails alone.
void check_points(const executor::Inspected& asked, const std::vector<CheckedPoint>& points);

template <class Archive>
void serialize(Archive& archive, CheckedPoint& point) {
  archive(point.trial.number, point.trial.configuration, point.trial.replicate, point.point);
}
template <class Archive>
void serialize(Archive& archive, ObjectiveTensors& tensors) {
  archive(tensors.objective, tensors.tensors);
}

}  // namespace tuner::commands
