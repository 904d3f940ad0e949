// What a pruner keeps of the trials that have not ended.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tuner/pruner.hpp"

namespace pruners {

// A T for each open trial. A report names the trial, the observation of its end only the proposal: it ends all open
// trials of that proposal. Replicates run one after the other under a pruner, so there is one.
template <class T>
class OpenTrials {
 public:
  // That of the report's trial, new with its first report.
  T& of(const tuner::Report& report) {
    auto& trials = of_proposal_[report.configuration().proposal()];
    const auto at = std::ranges::find(trials, report.trial(), &Open::first);
    if (at != trials.end()) return at->second;
    return trials.emplace_back(report.trial(), T()).second;
  }

  // Forgets the trial, after `last(T&)`. One that is paused has not ended.
  template <class Last>
  void end(const tuner::Observation& observation, const Last& last) {
    if (observation.outcome() == TUNER_OUTCOME_PAUSED) return;
    const auto trials = of_proposal_.find(observation.configuration().proposal());
    if (trials == of_proposal_.end()) return;
    for (auto& [number, kept] : trials->second) last(kept);
    of_proposal_.erase(trials);
  }
  void end(const tuner::Observation& observation) {
    end(observation, [](T&) {});
  }

 private:
  using Open = std::pair<std::uint64_t, T>;
  std::unordered_map<std::uint64_t, std::vector<Open>> of_proposal_;
};

// The sign that makes less be better.
inline double sign_of(const tuner::SearchSetup& setup) { return setup.minimizes() ? 1 : -1; }

// Stops the trial and says why: the host shows what was logged last. format: of printf.
template <class... Values>
tuner::Decision stop(const tuner::Report& report, const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  report.host().log(TUNER_LOG_INFO, text);
  return {.what = TUNER_DECISION_STOP, .next_step = -1};
}
// Going on, with the next report to be judged too.
inline tuner::Decision see_next(const tuner::Report& report) {
  return {.what = TUNER_DECISION_CONTINUE, .next_step = report.step() + 1};
}

}  // namespace pruners
