// A correct pruner, of which a fixture replaces a part: once four trials have completed it stops what is, from step 40
// on, worse than their mean by more than a half.
#pragma once

#include <cmath>

#include "tuner/pruner.hpp"

namespace negative {

constexpr tuner::Info info_of(const char* id) {
  return {.id = id, .name = "Fixture", .doc = "a negative fixture", .reference = "made for the tests of tuner"};
}

struct Pruner {
  explicit Pruner(const tuner::SearchSetup& setup) : sign(setup.minimizes() ? 1 : -1) {}

  void observe(const tuner::Observation& observation) {
    if (observation.outcome() != TUNER_OUTCOME_COMPLETED || observation.values().empty()) return;
    const double loss = sign * observation.values()[0];
    if (!std::isfinite(loss) || std::abs(loss) > 1e100) return;
    ++completed;
    mean += (loss - mean) / completed;
  }

  [[nodiscard]] tuner::Decision decide(const tuner::Report& report) const {
    const bool goes_on = completed < 4 || report.step() < 40 || sign * report.value() <= mean + 0.5;
    if (goes_on) return {.next_step = report.step() + 1};
    return {.what = TUNER_DECISION_STOP};
  }

  double sign;
  int completed = 0;
  double mean = 0;
};

}  // namespace negative
