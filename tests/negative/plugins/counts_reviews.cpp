// Remembers how often it was asked in vain, which nobody records.
#include "../pausing.hpp"

namespace {

struct Counts : negative::Pausing {
  static constexpr tuner::Info info = negative::info_of("counts_reviews");
  using Pausing::Pausing;
  tuner::Reviewed review(const tuner::Review& review) {
    tuner::Reviewed reviewed = Pausing::review(review);
    if (reviewed.decision.what == TUNER_DECISION_PAUSE) {
#ifndef REPAIRED
      ++in_vain;
#endif
    } else {
      reviewed.decision.next_step = 40 + in_vain;
    }
    return reviewed;
  }
  std::int64_t in_vain = 0;
};

}  // namespace

TUNER_LIBRARY("counts_reviews", "1.0.0", "MIT", tuner::pruner<Counts>)
