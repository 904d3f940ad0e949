// metric: what a study is searched for, one metric or several.
#pragma once

#include "tuner/config/node.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// Errors: those of the file.
void read_metric(const Node& node, StudyPlan& plan, RunSettings& run);

// Of a plan that is complete. pruner_at: where the file has one. Errors: config.impossible, where it has several
// metrics beside what judges trials by one.
void check_metrics(const StudyPlan& plan, const std::string& pruner_at);

}  // namespace tuner::config
