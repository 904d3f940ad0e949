#include "tuner/executor/run_job.hpp"

#include "tuner/lr_range/part.hpp"

namespace tuner::executor {

TrialResult run_job(const StudyPlan& plan, const Job& job, const std::string& identity, SharedObjectives& shared,
                    std::stop_token stop, const Progress& progress, TrialTrace* trace) {
  // Parts are short: they are made anew rather than continued.
  if (plan.method == "lr_range") return lr_range::run_part(plan, job.point, shared, stop, trace);
  const Checkpoints checkpoints(plan.checkpoint, job.id, parameters_of(plan.space, job.point), identity);
  TrialSpec spec = resolve(plan, job.point, job.id.number);
  spec.replicate = job.id.replicate;
  return run_trial(std::move(spec), shared, stop, progress, trace, &checkpoints);
}

}  // namespace tuner::executor
