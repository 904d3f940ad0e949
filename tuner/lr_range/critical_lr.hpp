// How far the loss stays below its value here, along one direction: the critical-lr probe.
#pragma once

#include <cstdint>
#include <functional>

namespace tuner::lr_range {

// The loss at x + eta d, for the direction d that the optimizer would take; always on the same batch.
using LossAlong = std::function<double(double eta)>;

struct CriticalLrOptions {
  double start = 0;                // the first eta tried: the lr of the run, say
  double lowest = 0, highest = 0;  // 0 < lowest <= start <= highest; 0: start / 1e6, start * 1e6
  double precision = 0.1;          // ends at high / low <= 1 + precision
  std::int64_t evaluations = 10;   // at most; at least 2
};

enum class CriticalLrOutcome {
  found,              // between `low` and `high`
  not_a_descent,      // no eta tried, down to `lowest`, had a lower loss: a velocity need not point downwards
  none_up_to_highest  // the loss is still lower at `highest`
};

struct CriticalLr {
  CriticalLrOutcome outcome = CriticalLrOutcome::found;
  double value = 0;          // found: the geometric mean of low and high
  double low = 0, high = 0;  // found: the loss is lower at `low`, not lower (or not finite) at `high`
  std::int64_t evaluations = 0;
};

// The smallest eta > 0 at which the loss is no longer below `loss_here`: outwards or inwards from the start by factors
// of 2, 4, 16, 16, ..., then by bisection in ln(eta). Where the loss falls and rises more than once along the
// direction, it is one of those eta. If all evaluations but one went by without a bracket, the last one is made at the
// end of the range: few evaluations make the bracket wider, and never decide the outcome. Ensures: at most
// `evaluations` evaluations. Errors: what the callable throws.
[[nodiscard]] CriticalLr critical_lr(const LossAlong& loss, double loss_here, const CriticalLrOptions& options);

}  // namespace tuner::lr_range
