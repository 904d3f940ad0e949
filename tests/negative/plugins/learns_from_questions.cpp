// Counts in its state how often it was asked, and narrows its search with each time.
#include "../searcher.hpp"

namespace {

struct Questions : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("learns_from_questions");
  using Searcher::Searcher;
  void propose(tuner::Proposal& proposal) const {
    Searcher::propose(proposal);
#ifndef REPAIRED
    if (space[0].step() == 0 && !proposal.is_fixed(0)) proposal.values()[0] = space[0].value_at(1.0 / ++asked);
#endif
  }
  mutable int asked = 0;
};

}  // namespace

TUNER_LIBRARY("learns_from_questions", "1.0.0", "MIT", tuner::searcher<Questions>)
