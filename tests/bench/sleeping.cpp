#include <time.h>

#include <cmath>
#include <tuner/plugin.hpp>

namespace {

// An objective that takes its time without a processor's: what is measured is what lies around trials.
struct Sleeping {
  static constexpr tuner::Info info{.id = "sleeping",
                                    .name = "Sleeps",
                                    .doc = "a black box that sleeps for some milliseconds; its loss is its option x",
                                    .reference = "for measurements"};
  enum { kX, kMilliseconds };
  static constexpr tuner::Param params[] = {
      tuner::real("x", 0, "the loss").structural().search(0, 1),
      tuner::real("milliseconds", 50, "how long").at_least(0).at_most(1e6).structural()};

  static void describe(const tuner::Options&, const tuner::Layout&) {}
  explicit Sleeping(const tuner::Bind& bind) : x_(bind.options()[kX]), milliseconds_(bind.options()[kMilliseconds]) {}
  void init(tuner_rng&) {}

  void evaluate(const tuner::Evaluation& e) {
    const double seconds = std::floor(milliseconds_ / 1000);
    const timespec time{.tv_sec = static_cast<time_t>(seconds),
                        .tv_nsec = static_cast<long>((milliseconds_ - 1000 * seconds) * 1e6)};
    ::nanosleep(&time, nullptr);
    if (e.wants_loss()) e.loss(x_);
  }

 private:
  double x_, milliseconds_;
};

}  // namespace

TUNER_LIBRARY("sleeping", "1.0.0", "MIT", tuner::objective<Sleeping>)
