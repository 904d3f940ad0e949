// Drives a pruner as a study does, with trials of the checker's own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tuner/check/check.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/engine.hpp"

namespace tuner::check {

// What a pruner was told in a study, in order, and what it answered: to the end of a trial nothing. A review that named
// no trial changes nothing, and is left out.
struct PrunedStudy {
  std::vector<search::TrialEvent> events;
  std::vector<search::Verdict> verdicts;
};

class PrunerRig {
 public:
  static constexpr std::int64_t kSteps = 81;
  // budget: steps of a trial, 0 where the pruner is not told. Errors: config.impossible where the pruner refuses that
  // or the options.
  PrunerRig(const Subject& subject, Goal goal, std::int64_t budget);

  using Value = std::function<double(std::uint64_t trial, std::int64_t step)>;
  using OutcomeOf = std::function<std::uint32_t(std::uint64_t trial)>;  // TUNER_OUTCOME_..., where it is not stopped
  // Trials of kSteps steps, four at a time, which report in turns what waits for a decision. Those that are paused are
  // reviewed whenever a worker is free. One that has not completed ends in its middle, and has no value. Errors:
  // plugin.bad_proposal, also for a decision that is none.
  [[nodiscard]] PrunedStudy run(std::uint64_t trials, const Value& value, const OutcomeOf& outcome);

  [[nodiscard]] search::Verdict tell(const search::TrialEvent& event);

 private:
  StudyPlan plan_;
  std::int64_t budget_;
  search::Row row_;
  std::unique_ptr<search::PruneEngine> engine_;
};

// Falls from about 2 to a number between 0 and 1 that is the trial's own, with noise.
[[nodiscard]] double falling(std::uint64_t trial, std::int64_t step);

}  // namespace tuner::check
