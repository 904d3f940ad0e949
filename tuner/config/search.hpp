// The rules between the space and the way it is searched.
#pragma once

#include "tuner/config/search_parameters.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// method, repeats, trials and budget of the plan against the space. `at` is where the method, or the lack of it, is to
// be reported, trials_at the number of trials. Errors: config.no_method, .no_trials, .no_count, .grid_cut;
// config.impossible for `partial` without a grid; config.bad_value for trials that end within a configuration.
void check_search(const StudyPlan& plan, const RunSettings& run, const Reading& reading, const std::string& at,
                  const std::string& trials_at);

}  // namespace tuner::config
