// Gives values to the parameters of the branch that it did not choose.
#include "../searcher.hpp"

namespace {

struct Inactive : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("proposes_what_is_inactive");
  using Searcher::Searcher;
  void propose(tuner::Proposal& proposal) const {
    Searcher::propose(proposal);
#ifndef REPAIRED
    for (std::size_t i = 0; i < proposal.size(); ++i)
      if (proposal.states()[i] == TUNER_VALUE_INACTIVE) {
        proposal.values()[i] = space[i].low();
        proposal.states()[i] = TUNER_VALUE_FREE;
      }
#endif
  }
};

}  // namespace

TUNER_LIBRARY("proposes_what_is_inactive", "1.0.0", "MIT", tuner::searcher<Inactive>)
