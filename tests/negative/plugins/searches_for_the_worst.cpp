// Maximizes where it shall minimize.
#include "../searcher.hpp"

namespace {

struct Worst : negative::Searcher {
  static constexpr tuner::Info info = negative::info_of("searches_for_the_worst", TUNER_PLUGIN_LEARNS);
  using Searcher::Searcher;
#ifndef REPAIRED
  void observe(const tuner::Observation& observation) {
    if (observation.values().empty() || !std::isfinite(observation.values()[0])) return;
    if (!best.empty() && observation.values()[0] <= best_value) return;
    best_value = observation.values()[0];
    const auto values = observation.configuration().values();
    best.assign(values.begin(), values.end());
  }
#endif
};

}  // namespace

TUNER_LIBRARY("searches_for_the_worst", "1.0.0", "MIT", tuner::searcher<Worst>)
