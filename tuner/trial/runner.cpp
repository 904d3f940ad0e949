#include "tuner/trial/runner.hpp"

#include <new>
#include <utility>

namespace tuner::trial {

namespace {

// The table of runners. What trials of all kinds have in common stands in measure().
struct Table {
  SharedObjectives& shared;
  const Checkpoints& checkpoints;
  TrialRun& run;
  program::Host* host;
  const Channel& channel;
  const EndMeasures& measures;
  void operator()(TrialSpec& spec) const { train(spec, shared, run, &checkpoints, measures); }
  // Parts are short: they are made anew rather than continued.
  void operator()(lr_range::PartSpec& spec) const { lr_range::run_part(spec, shared, run); }
  // It writes its own states.
  void operator()(program::ProgramSpec& spec) const { host->run(spec, run, channel.seat(), channel.earlier()); }
};

}  // namespace

Spec spec_of(const Study& study, const Configuration& point, const TrialId& id) {
  const bool is_test = lr_range::is_test(study.plan);
  if (study.plan.program) {
    program::ProgramSpec spec = program::spec_of(study, point, id);
    // All lrs of a test have the same random numbers.
    if (is_test) spec.seed = program::seed_of(study.plan.seed, id.replicate);
    return spec;
  }
  if (is_test) return lr_range::spec_of(study, point, id.replicate);
  return resolve(study, point, id);
}

TrialResult run(Spec spec, Channel& channel, const Checkpoints& checkpoints, const std::stop_token& stop,
                SharedObjectives& shared, program::Host* host, const EndMeasures& measures) {
  const TrialRules rules = std::visit([](const auto& what) { return rules_of(what); }, spec);
  return measure(rules, channel.trace(), stop, channel.is_asked() ? &channel : nullptr, [&](TrialRun& run) {
    std::visit(Table{shared, checkpoints, run, host, channel, measures}, spec);
  });
}

TrialResult Runner::run(const TrialId& id, const Configuration& point, Channel& channel,
                        const std::stop_token& stop) const {
  try {
    const Checkpoints checkpoints(study_.run.checkpoint, id, parameters_of(study_.plan.space, point), identity_);
    const EndMeasures measures = end_measures_of(study_, point);
    return trial::run(spec_of(study_, point, id), channel, checkpoints, stop, shared_, host_.get(), measures);
  } catch (const std::bad_alloc&) {  // before it has begun
    TrialResult result;
    result.outcome = Outcome::failed;
    result.failure = Failure::out_of_memory;
    result.error = "step 0: the memory ran out";
    return result;
  }
}

}  // namespace tuner::trial
