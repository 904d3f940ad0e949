// Is more generous the later the library was loaded.
#include <time.h>

#include "../pruner.hpp"

namespace {

const double kLoaded = [] {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e-9 * static_cast<double>(now.tv_nsec % 1000);
}();

struct Clock : negative::Pruner {
  static constexpr tuner::Info info = negative::info_of("prunes_by_the_clock");
  using Pruner::Pruner;
  tuner::Decision decide(const tuner::Report& report) {
    tuner::Decision decision = Pruner::decide(report);
#ifndef REPAIRED
    if (decision.next_step > 0) decision.next_step += static_cast<std::int64_t>(1e9 * kLoaded);
#endif
    return decision;
  }
};

}  // namespace

TUNER_LIBRARY("prunes_by_the_clock", "1.0.0", "MIT", tuner::pruner<Clock>)
