// Ignores the step of a dimension.
#include "../searcher.hpp"

namespace {

struct Between : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("proposes_between_steps");
  using Searcher::Searcher;
  void propose(tuner::Proposal& proposal) const {
    Searcher::propose(proposal);
#ifndef REPAIRED
    for (std::size_t i = 0; i < proposal.size(); ++i)
      if (space[i].step() == 0.25) proposal.values()[i] = space[i].low() + 0.3 * (space[i].high() - space[i].low());
#endif
  }
};

}  // namespace

TUNER_LIBRARY("proposes_between_steps", "1.0.0", "MIT", tuner::searcher<Between>)
