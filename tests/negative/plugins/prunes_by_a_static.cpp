// Counts the reports in a static, which every study of the process shares.
#include "../pruner.hpp"

namespace {

struct Static : negative::Pruner {
  static constexpr tuner::Info info = negative::info_of("prunes_by_a_static");
  using Pruner::Pruner;
  tuner::Decision decide(const tuner::Report& report) {
    tuner::Decision decision = Pruner::decide(report);
#ifndef REPAIRED
    static int reports = 0;
    if (decision.next_step > 0 && ++reports > 100) ++decision.next_step;
#endif
    return decision;
  }
};

}  // namespace

TUNER_LIBRARY("prunes_by_a_static", "1.0.0", "MIT", tuner::pruner<Static>)
