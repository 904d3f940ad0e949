// The rules between the space and the way it is searched.
#pragma once

#include "tuner/config/holes.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// method, trials and budget of the plan against the space. `at` is where the method, or the lack of it, is to be
// reported. Errors: config.no_method, .no_trials, .no_count, .grid_cut; config.impossible for `partial` without a grid.
void check_search(const StudyPlan& plan, const RunSettings& run, const Reading& reading, const std::string& at);

}  // namespace tuner::config
