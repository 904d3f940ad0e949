// Keeps the best of what it was told since it was last asked, so that a study that is resumed goes on elsewhere.
#include "../searcher.hpp"

namespace {

struct Forgets : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("forgets_before_it_is_asked");
  using Searcher::Searcher;
  void observe(const tuner::Observation& observation) {
#ifndef REPAIRED
    if (proposed) best.clear();
    proposed = false;
#endif
    Searcher::observe(observation);
  }
  void propose(tuner::Proposal& proposal) const {
    proposed = true;
    Searcher::propose(proposal);
  }
  mutable bool proposed = false;
};

}  // namespace

TUNER_LIBRARY("forgets_before_it_is_asked", "1.0.0", "MIT", tuner::searcher<Forgets>)
