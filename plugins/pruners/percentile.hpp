// The rule that median and percentile share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "open_trials.hpp"
#include "tuner/pruner.hpp"

namespace pruners {

// numpy.percentile of sorted numbers, interpolated linearly. Between a number and an infinite neighbor it is the
// neighbor, where numpy has NaN. Requires numbers, 0 <= share <= 1.
inline double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double t = place - static_cast<double>(below);
  const double a = sorted[below];
  if (t == 0) return a;
  const double b = sorted[below + 1];
  if (std::isinf(a) || std::isinf(b)) return std::isinf(b) ? b : a;
  if (!std::isfinite(b - a)) return a * (1 - t) + b * t;
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

// Stops a trial whose best value so far is worse than the given share of the completed trials' values at this step.
class PercentileRule {
 public:
  struct Settings {
    double share;            // 0.25: what is not as good as the best quarter is stopped
    std::size_t startup;     // trials that must have completed
    std::size_t min_trials;  // of which as many must have reported at this step
  };
  PercentileRule(const tuner::SearchSetup& setup, Settings settings) : sign_(sign_of(setup)), settings_(settings) {}

  void observe(const tuner::Observation& observation) {
    if (observation.outcome() == TUNER_OUTCOME_COMPLETED) ++completed_;
    trials_.end(observation, [&](Trial& trial) {
      if (observation.outcome() != TUNER_OUTCOME_COMPLETED) return;
      for (const auto& [step, loss] : trial.curve) steps_[step].add(loss);
    });
  }

  tuner::Decision decide(const tuner::Report& report) {
    Trial& trial = trials_.of(report);
    const double loss = sign_ * report.value();
    trial.curve.emplace_back(report.step(), loss);
    if (!(trial.best <= loss) && !std::isnan(loss)) trial.best = loss;
    return is_worse(trial, report.step()) ? kStop : see_next(report);
  }

 private:
  struct Trial {
    std::vector<std::pair<std::int64_t, double>> curve;
    double best = std::numeric_limits<double>::quiet_NaN();  // NaN: no number was reported
  };
  struct Step {
    void add(double loss) {
      ++reports;
      if (!std::isnan(loss)) losses.insert(std::ranges::upper_bound(losses, loss), loss);
    }
    std::size_t reports = 0;
    std::vector<double> losses;  // sorted, without NaN
  };

  [[nodiscard]] bool is_worse(const Trial& trial, std::int64_t step) const {
    if (completed_ == 0 || completed_ < settings_.startup) return false;
    if (std::isnan(trial.best)) return true;
    const auto at = steps_.find(step);
    if (at == steps_.end() || at->second.reports < settings_.min_trials || at->second.losses.empty()) return false;
    return trial.best > quantile(at->second.losses, settings_.share);
  }

  double sign_;
  Settings settings_;
  std::size_t completed_ = 0;
  std::map<std::int64_t, Step> steps_;  // of the completed trials
  OpenTrials<Trial> trials_;
};

}  // namespace pruners
