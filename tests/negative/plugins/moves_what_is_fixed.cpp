// Proposes a value of its own where one was given.
#include "../searcher.hpp"

namespace {

struct Fixed : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("moves_what_is_fixed");
  using Searcher::Searcher;
  void propose(tuner::Proposal& proposal) const {
#ifndef REPAIRED
    for (std::uint8_t& state : proposal.states()) state = TUNER_VALUE_FREE;
#endif
    Searcher::propose(proposal);
  }
};

}  // namespace

TUNER_LIBRARY("moves_what_is_fixed", "1.0.0", "MIT", tuner::searcher<Fixed>)
