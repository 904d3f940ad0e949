// A correct pruner that pauses every trial at step 20 until six wait, and then continues the first of them.
#pragma once

#include <set>
#include <utility>

#include "pruner.hpp"

namespace negative {

struct Pausing {
  explicit Pausing(const tuner::SearchSetup&) {}
  void observe(const tuner::Observation& observation) {
    const std::uint64_t trial = observation.configuration().proposal();
    if (observation.outcome() == TUNER_OUTCOME_PAUSED)
      paused.insert(trial);
    else
      paused.erase(trial);
  }
  tuner::Decision decide(const tuner::Report& report) {
    if (report.step() < 20) return {.next_step = 20};
    return report.step() > 20 ? tuner::Decision() : tuner::Decision{.what = TUNER_DECISION_PAUSE, .next_step = -1};
  }
  tuner::Reviewed review(const tuner::Review& review) {
    if (paused.empty() || (paused.size() < 6 && !review.is_last())) return {};
    const std::uint64_t first = *paused.begin();
    paused.erase(first);
    return {.trial = first, .decision = {.what = TUNER_DECISION_CONTINUE, .next_step = 40}};
  }
  std::set<std::uint64_t> paused;
};

}  // namespace negative
