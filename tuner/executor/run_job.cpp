#include "tuner/executor/run_job.hpp"

#include "tuner/lr_range/part.hpp"

namespace tuner::executor {

TrialResult run_job(const Study& study, const Job& job, const std::string& identity, SharedObjectives& shared,
                    std::stop_token stop, const Progress& progress, TrialTrace* trace) {
  // Parts are short: they are made anew rather than continued.
  if (lr_range::is_test(study.plan)) return lr_range::run_part(study, job.point, shared, stop, trace);
  const Checkpoints checkpoints(study.run.checkpoint, job.id, parameters_of(study.plan.space, job.point), identity);
  TrialSpec spec = resolve(study, job.point, job.id.number);
  spec.replicate = job.id.replicate;
  return run_trial(std::move(spec), shared, stop, progress, trace, &checkpoints);
}

}  // namespace tuner::executor
