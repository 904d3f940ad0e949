#include "tuner/lr_range/critical_lr.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tuner::lr_range {

CriticalLr critical_lr(const LossAlong& loss, double loss_here, const CriticalLrOptions& options) {
  const double lowest = options.lowest > 0 ? options.lowest : options.start / 1e6;
  const double highest = options.highest > 0 ? options.highest : options.start * 1e6;
  assert(options.start > 0 && lowest <= options.start && options.start <= highest);
  assert(options.precision > 0 && options.evaluations >= 2);
  CriticalLr result;
  const auto lower_at = [&](double eta) {
    ++result.evaluations;
    const double there = loss(eta);
    const bool lower = there < loss_here;  // false for NaN
    (lower ? result.low : result.high) = eta;
    return lower;
  };
  const auto left = [&] { return options.evaluations - result.evaluations; };
  double eta = options.start, factor = 2;
  const bool out = lower_at(eta);
  const double end = out ? highest : lowest;
  for (bool lower = out; lower == out; lower = lower_at(eta)) {
    if (eta == end) {
      result.outcome = out ? CriticalLrOutcome::none_up_to_highest : CriticalLrOutcome::not_a_descent;
      return result;
    }
    eta = out ? std::min(eta * factor, end) : std::max(eta / factor, end);
    factor = std::min(factor * factor, 16.0);
    if (left() == 1) eta = end;
  }
  while (left() > 0 && result.high > result.low * (1 + options.precision))
    lower_at(result.low * std::sqrt(result.high / result.low));
  result.value = result.low * std::sqrt(result.high / result.low);
  return result;
}

}  // namespace tuner::lr_range
