// Where a running trial is, for others to look at: atomics alone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace tuner {

// Written by the trial's thread; may be read by any thread, and lie in memory shared with another process, which finds
// out from it what a trial was doing when it died.
struct TrialTrace {
  std::atomic<std::int64_t> step{0};    // updates done
  std::atomic<std::int64_t> steps{0};   // of the whole trial; 0: not known yet
  std::atomic<std::uint32_t> kind{0};   // of the plugin that is being called, TUNER_KIND_...; 0: the host at work
  std::atomic<double> time_limit{0.0};  // seconds, 0: none
  std::atomic<double> grace{0.0};       // seconds that the trial may take to end once it is told to
  // The study's metric as it was measured last; NaN: not yet.
  std::atomic<double> value{std::numeric_limits<double>::quiet_NaN()};
  // While it waits for a decision: since when, by monotonic_ns(); else 0. And what it has waited so far. None of that
  // is time of the trial's.
  std::atomic<std::int64_t> waiting_since_ns{0}, waited_ns{0};
  // errno of the last checkpoint that could not be written, also of an earlier trial; 0: none.
  std::atomic<std::int32_t> checkpoint_error{0};

  // As at the beginning of a trial.
  void begin() {
    step = 0;
    steps = 0;
    kind = 0;
    time_limit = 0.0;
    grace = 0.0;
    value = std::numeric_limits<double>::quiet_NaN();
    waiting_since_ns = 0;
    waited_ns = 0;
  }
};

// The machine's monotonic clock, which all of its processes share.
[[nodiscard]] inline std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace tuner
