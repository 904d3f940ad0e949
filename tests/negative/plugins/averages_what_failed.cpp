// Takes the mean of all values, also of those that are not finite.
#include "../searcher.hpp"

namespace {

struct Averages : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("averages_what_failed");
  using Searcher::Searcher;
  void observe(const tuner::Observation& observation) {
    Searcher::observe(observation);
#ifndef REPAIRED
    sum += observation.mean();
#endif
  }
  void propose(tuner::Proposal& proposal) const {
    Searcher::propose(proposal);
    if (space[0].step() == 0 && !proposal.is_fixed(0))
      proposal.values()[0] = std::clamp(proposal.values()[0] + 0 * sum, space[0].low(), space[0].high());
  }
  double sum = 0;
};

}  // namespace

TUNER_LIBRARY("averages_what_failed", "1.0.0", "MIT", tuner::searcher<Averages>)
