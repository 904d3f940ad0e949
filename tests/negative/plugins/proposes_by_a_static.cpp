// Counts its proposals in a static, which every study of the process shares.
#include "../searcher.hpp"

namespace {

struct Static : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("proposes_by_a_static");
  using Searcher::Searcher;
  void propose(tuner::Proposal& proposal) const {
    Searcher::propose(proposal);
#ifndef REPAIRED
    static int made = 0;
    if (space[0].step() == 0 && !proposal.is_fixed(0)) proposal.values()[0] = space[0].value_at(1.0 / ++made);
#endif
  }
};

}  // namespace

TUNER_LIBRARY("proposes_by_a_static", "1.0.0", "MIT", tuner::searcher<Static>)
