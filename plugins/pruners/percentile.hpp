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
    if (completed_ == 0 || completed_ < settings_.startup) return see_next(report);
    if (std::isnan(trial.best)) return stop(report, "it has reported no number in %zu reports", trial.curve.size());
    const auto at = steps_.find(report.step());
    if (at == steps_.end() || at->second.reports < settings_.min_trials) return see_next(report);
    const std::vector<double>& others = at->second.losses;
    if (others.empty()) return see_next(report);
    const double most = quantile(others, settings_.share);
    if (trial.best <= most) return see_next(report);
    return stop(report, "its best value %g is worse than %g, the percentile %g of %zu completed trials at this step",
                sign_ * trial.best, sign_ * most, 100 * settings_.share, others.size());
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

  double sign_;
  Settings settings_;
  std::size_t completed_ = 0;
  std::map<std::int64_t, Step> steps_;  // of the completed trials
  OpenTrials<Trial> trials_;
};

}  // namespace pruners
