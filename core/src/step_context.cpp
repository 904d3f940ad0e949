#include "step_context.hpp"

#include <fmt/format.h>

#include "tuner/trainer.hpp"

namespace tuner {

StepContext::StepContext(TrialSpec& of, SharedObjectives& shared, TrialRun& run)
    : mode(floating_point_mode()),
      spec(of),
      stop(run.stop()),
      trace(run.trace()),
      result(run.result()),
      trial(of.training.common_random_numbers ? of.replicate : static_cast<std::uint32_t>(of.number)) {
  host.stop = stop;
  error.struct_size = sizeof error;
  const Calling calling(trace, TUNER_KIND_OBJECTIVE);
  objective = std::make_unique<Objective>(spec.objective, shared, spec.study_seed, host.abi());
}

void StepContext::require(std::int32_t status, const PluginUse& use) {
  if (floating_point_mode() != mode) {
    guard.restore();
    throw TrialEnded{Outcome::failed,
                     fmt::format("step {}: {} '{}' changed the floating-point mode, which no plugin may", result.steps,
                                 to_string(use.plugin->kind()), use.plugin->id()),
                     Failure::error};
  }
  if (status == TUNER_OK) return;
  if (stop.stop_requested()) throw TrialEnded{Outcome::cancelled, ""};
  std::string text = error.text[0] ? error.text : fmt::format("status {}", status);
  if (budget_used_up) text = fmt::format("more than {} evaluations in one step", kEvaluationsPerStep);
  throw TrialEnded{
      Outcome::failed,
      fmt::format("step {}: {} '{}': {}", result.steps, to_string(use.plugin->kind()), use.plugin->id(), text),
      status == TUNER_OUT_OF_MEMORY ? Failure::out_of_memory : Failure::error};
}

tuner_rng StepContext::stream(std::uint32_t purpose, std::int64_t place) const {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = purpose;
  rng.seed = spec.study_seed;
  rng.trial = trial;
  rng.position = static_cast<std::uint64_t>(place) << 32;
  return rng;
}

}  // namespace tuner
