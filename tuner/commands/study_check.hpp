// What a plan is asked between reading and running: nothing runs before the whole of it is valid.
#pragma once

#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/tensor.hpp"
#include "tuner/training.hpp"

namespace tuner::commands {

// The study with the metric's name and goal where the file gives none. Opens the objectives' data.
// Errors: config.unknown_metric with "did you mean"; plugin.data.
[[nodiscard]] Study with_metric(Study study, SharedObjectives& shared);

// The tensors of every objective of the plan, for the first value of every option.
struct ObjectiveTensors {
  std::string objective;  // label of its branch
  std::vector<TensorSpec> tensors;
};
[[nodiscard]] std::vector<ObjectiveTensors> objective_tensors(const StudyPlan& plan, SharedObjectives& shared);

// Makes every trial ready to run without running it: options that do not go together are found before the first trial,
// in the first kMostChecked trials of the study; and a group of an optimizer that takes no tensor in any of them.
// Errors: config.impossible, naming the trial and its parameters, or the group and the tensors;
// also where no trial can have the memory that it needs. One that cannot fails alone.
inline constexpr std::uint64_t kMostChecked = 20'000;
void check_study(const Study& study, const search::Searcher& searcher, SharedObjectives& shared);

}  // namespace tuner::commands
