// Asks for the report again that it has just judged.
#include "../pruner.hpp"

namespace {

struct Past : negative::Pruner {
  static constexpr tuner::Info info = negative::info_of("judges_the_past");
  using Pruner::Pruner;
  tuner::Decision decide(const tuner::Report& report) {
    tuner::Decision decision = Pruner::decide(report);
#ifndef REPAIRED
    if (decision.next_step > 10) decision.next_step = report.step();
#endif
    return decision;
  }
};

}  // namespace

TUNER_LIBRARY("judges_the_past", "1.0.0", "MIT", tuner::pruner<Past>)
