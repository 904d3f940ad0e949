// What a worker does with a job: trains a trial, or makes a part of an LR range test.
#pragma once

#include "tuner/executor/executor.hpp"

namespace tuner::executor {

// As run_trial(). identity: checkpoint_identity() of the plan.
[[nodiscard]] TrialResult run_job(const Study& study, const Job& job, const std::string& identity,
                                  SharedObjectives& shared, std::stop_token stop, const Progress& progress,
                                  TrialTrace* trace);

}  // namespace tuner::executor
