// Continues the trial that it has named before once more, while that one runs.
#include "../pausing.hpp"

namespace {

struct Twice : negative::Pausing {
  static constexpr tuner::Info info = negative::info_of("reviews_what_runs");
  using Pausing::Pausing;
  tuner::Reviewed review(const tuner::Review& review) {
#ifndef REPAIRED
    if (last.decision.what == TUNER_DECISION_CONTINUE) return std::exchange(last, {});
#endif
    return last = Pausing::review(review);
  }
  tuner::Reviewed last;
};

}  // namespace

TUNER_LIBRARY("reviews_what_runs", "1.0.0", "MIT", tuner::pruner<Twice>)
