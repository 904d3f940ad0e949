// A correct searcher, of which a fixture replaces a part: it draws around the best configuration that it was told, and
// evenly before that.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "tuner/searcher.hpp"

namespace negative {

constexpr tuner::Info info_of(const char* id, std::uint32_t flags = 0) {
  return {.id = id,
          .name = "Fixture",
          .doc = "a negative fixture",
          .reference = "made for the tests of tuner",
          .flags = flags};
}

struct Searcher {
  explicit Searcher(const tuner::SearchSetup& setup) : space(setup.space()) {}

  void observe(const tuner::Observation& observation) {
    if (observation.outcome() != TUNER_OUTCOME_COMPLETED || observation.values().empty()) return;
    const double value = observation.values()[0];
    if (!std::isfinite(value) || (!best.empty() && value >= best_value)) return;
    best_value = value;
    const auto values = observation.configuration().values();
    best.assign(values.begin(), values.end());
  }

  [[nodiscard]] double share(const tuner::Proposal& proposal, std::size_t i) const {
    const double u = tuner_rng_uniform_at(&proposal.rng(), i);
    if (best.empty()) return u;
    return std::clamp(space[i].share_of(best[i]) + 0.2 * (u - 0.5), 0.0, std::nextafter(1.0, 0.0));
  }

  void propose(tuner::Proposal& proposal) const {
    for (std::size_t i = 0; i < proposal.size(); ++i) {
      if (!proposal.is_active(space[i]))
        proposal.states()[i] = TUNER_VALUE_INACTIVE;
      else if (!proposal.is_fixed(i))
        proposal.values()[i] = space[i].value_at(share(proposal, i));
    }
  }

  tuner::SearchSpace space;
  std::vector<double> best;
  double best_value = 0;
};

}  // namespace negative
