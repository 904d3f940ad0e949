// Pauses trials, and has no review() that would continue them.
#include "../pruner.hpp"

namespace {

struct ForGood : negative::Pruner {
  static constexpr tuner::Info info = negative::info_of("pauses_for_good");
  using Pruner::Pruner;
  tuner::Decision decide(const tuner::Report& report) {
    tuner::Decision decision = Pruner::decide(report);
#ifndef REPAIRED
    if (decision.what == TUNER_DECISION_STOP) decision.what = TUNER_DECISION_PAUSE;
#endif
    return decision;
  }
};

}  // namespace

TUNER_LIBRARY("pauses_for_good", "1.0.0", "MIT", tuner::pruner<ForGood>)
