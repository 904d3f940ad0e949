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

// The share u in [0, 1) of a dimension.
inline double value_at(const tuner::Dimension& dimension, double u) {
  if (dimension.is_choice()) return std::floor(u * static_cast<double>(dimension.choice_count()));
  double x = dimension.low() + u * (dimension.high() - dimension.low());
  if (dimension.step() == 0) return std::clamp(x, dimension.low(), dimension.high());
  const double most = std::floor((dimension.high() - dimension.low()) / dimension.step() + 1e-9);
  x = std::min(std::floor((x - dimension.low()) / dimension.step()), most);
  return dimension.low() + x * dimension.step();
}

inline double share_of(const tuner::Dimension& dimension, double x) {
  if (dimension.is_choice()) return (x + 0.5) / static_cast<double>(dimension.choice_count());
  return (x - dimension.low()) / (dimension.high() - dimension.low());
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
    return std::clamp(share_of(space[i], best[i]) + 0.2 * (u - 0.5), 0.0, std::nextafter(1.0, 0.0));
  }

  [[nodiscard]] bool is_active(const tuner::Proposal& proposal, std::size_t i) const {
    const tuner::Dimension dimension = space[i];
    if (dimension.parent() < 0) return true;
    const auto parent = static_cast<std::size_t>(dimension.parent());
    const auto choices = dimension.active_choices();
    return proposal.states()[parent] != TUNER_VALUE_INACTIVE &&
           std::ranges::find(choices, static_cast<std::uint32_t>(proposal.values()[parent])) != choices.end();
  }

  void propose(tuner::Proposal& proposal) const {
    for (std::size_t i = 0; i < proposal.size(); ++i) {
      if (!is_active(proposal, i))
        proposal.states()[i] = TUNER_VALUE_INACTIVE;
      else if (!proposal.is_fixed(i))
        proposal.values()[i] = value_at(space[i], share(proposal, i));
    }
  }

  tuner::SearchSpace space;
  std::vector<double> best;
  double best_value = 0;
};

}  // namespace negative
