// The study's metric within one trial.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "tuner/bytes.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// Follows the study's metric: last, best, target, early stopping.
class MetricTracker {
 public:
  MetricTracker(const TrialSpec& spec, std::chrono::steady_clock::time_point start) : spec_(spec), start_(start) {}

  void observe(std::int64_t step, double value, TrialResult& result) {
    last_ = value, ++count_;
    // Measured from the last value that counted, so that slow progress adds up.
    const bool improved =
        better(value, reference_, spec_.training.early_stopping ? spec_.training.early_stopping->min_delta : 0);
    if (improved) reference_ = value;
    since_improvement_ = improved ? 0 : since_improvement_ + 1;
    if (better(value, best_, 0)) best_ = value;
    result.best_value = best_, result.last_value = value;
    if (spec_.target && !result.target_step && !better(*spec_.target, value, 0) && value == value) {
      result.target_step = step;
      result.target_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }
  }
  [[nodiscard]] bool should_stop_early() const {
    return spec_.training.early_stopping && since_improvement_ >= spec_.training.early_stopping->patience;
  }
  void save(Writer& out) const {
    out.put(last_), out.put(best_), out.put(reference_), out.put(count_), out.put(since_improvement_);
  }
  void restore(Reader& in) {
    last_ = in.get<double>(), best_ = in.get<double>(), reference_ = in.get<double>();
    count_ = in.get<std::int64_t>(), since_improvement_ = in.get<std::int64_t>();
  }
  // The trial began so much earlier, in another process.
  void began_earlier(std::chrono::duration<double> by) {
    start_ -= std::chrono::duration_cast<std::chrono::steady_clock::duration>(by);
  }
  [[nodiscard]] double last() const { return last_; }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::optional<double> value(const TrialResult& result) const {
    Summary summary = spec_.training.summary;
    if (summary == Summary::automatic) summary = spec_.metric == "loss" ? Summary::last : Summary::best;
    return summary == Summary::last ? result.last_value : result.best_value;
  }

 private:
  // Is a better than b by more than delta? Anything is better than NaN.
  [[nodiscard]] bool better(double a, double b, double delta) const {
    if (std::isnan(a)) return false;
    if (std::isnan(b)) return true;
    return spec_.goal == Goal::minimize ? a < b - delta : a > b + delta;
  }
  const TrialSpec& spec_;
  std::chrono::steady_clock::time_point start_;
  double last_ = std::numeric_limits<double>::quiet_NaN(), best_ = std::numeric_limits<double>::quiet_NaN(),
         reference_ = std::numeric_limits<double>::quiet_NaN();
  std::int64_t count_ = 0, since_improvement_ = 0;
};

}  // namespace tuner
