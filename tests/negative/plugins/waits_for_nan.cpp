// The further a value is from the mean, the sooner it wants to see the next: a sum of values that may be NaN.
#include "../pruner.hpp"

namespace {

struct Waits : negative::Pruner {
  static constexpr tuner::Info info = negative::info_of("waits_for_nan");
  using Pruner::Pruner;
  tuner::Decision decide(const tuner::Report& report) {
    tuner::Decision decision = Pruner::decide(report);
    if (decision.next_step < 0) return decision;
    double distance = std::abs(sign * report.value() - mean);
#ifdef REPAIRED
    if (!(distance < 5)) distance = 5;
#endif
    decision.next_step += static_cast<std::int64_t>(std::round(10 / (1 + distance)));
    return decision;
  }
};

}  // namespace

TUNER_LIBRARY("waits_for_nan", "1.0.0", "MIT", tuner::pruner<Waits>)
