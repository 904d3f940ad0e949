// The largest stable lr of an optimizer on an objective, by restarted runs at constant lrs and bisection.
//
// A ramp cannot measure it: the velocity and the second moment that it carries from one lr to the next move the point
// of divergence by up to two decades. Here every lr has a run of its own, from the same start.
//
// When is a run stable? Its envelope is the largest loss of its last quarter, against that of the quarter before, both
// measured from the lowest loss of the two quarters. So the judgement is the same whatever constant is added to the
// loss and whatever its sign: growth of a small part is seen above a large floor, and a floor does not hide a decay. A
// rise within 1e-6 of the size of the loss is taken as rounding. The start of a run is no measure: heavy ball with
// momentum 0.99 at 0.98 of its limit rises 47-fold before it decays. A polynomial rise of the second degree changes the
// envelope by a factor of 2.4, so that a factor of 10 means exponential growth.
//
//   unstable  a loss that is not finite; or an envelope that grew tenfold at two lengths in succession, each twice the
//             one before (once is not enough: noise, the burst of an adaptive rule or a swing back of a momentum also
//             raise it, and then the next length has that peak among its earlier quarters); at `most_steps`, where no
//             longer run can confirm it, tenfold growth to above every earlier loss of the run.
//   stable    everything else at `most_steps`: the run is bounded. That is the right answer for noisy losses, and for
//             rules that never diverge, as Adam. A run may be called stable early where its envelope shrinks tenfold
//             and stands 20 decades below that of its first quarter. Tenfold shrinking alone proves nothing: a growing
//             direction in which the start has a share of 1e-8 stands 16 decades below the others at first.
//
// By this definition are stable, too: a loss that becomes constant (a dead network), one that falls without bound and
// stays finite, and one that grows so slowly that `most_steps` do not show it: for gradient descent that is up to
// 2.3 / most_steps above the limit where the start has weight in the direction of the largest curvature, and up to
// 10 / most_steps where that weight is 1e-8.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace tuner::lr_range {

// One more step, and the loss after it. A loss that is not finite means that the run diverged; no more is then asked.
using NextLoss = std::function<double()>;
// A new run at a constant lr: every one from the same start, with the same batches.
using StartRun = std::function<NextLoss(double lr)>;

struct StabilityOptions {
  double first = 0;                // the first lr tried; taken into the range where it lies outside
  double lowest = 0, highest = 0;  // the range: 0 < lowest <= highest
  double precision = 0.01;         // the search ends at unstable / stable <= 1 + precision; > 0
  std::int64_t first_steps = 64;   // at least 8
  std::int64_t most_steps = 1024;  // at least first_steps
};

struct StabilityRun {
  double lr = 0;
  std::int64_t steps = 0;
  bool stable = false;
  double ratio =
      0;  // the last quarter's envelope over the one before, within [1e-6, 1e6]; infinite: a loss was not finite
};

struct StabilityBracket {
  // The largest lr found stable below the smallest found unstable. Without an unstable one: nothing diverged up to
  // `highest`. Without a stable one: everything did, down to `lowest`.
  std::optional<double> stable, unstable;
  std::vector<StabilityRun> runs;  // in the order in which they were made

  [[nodiscard]] std::int64_t steps() const;  // of all runs
};

// Goes from `first` in factors of 2, 4, 16, 16, ... towards the border, then halves the bracket in ln(lr).
// Where stability is not monotonic in lr, the result is one of the borders.
// Cost: log2(ln(16) / precision) runs at most (9 at 0.01), and those on the way; an unstable one is mostly short.
// Errors: whatever the callables throw.
[[nodiscard]] StabilityBracket largest_stable_lr(const StartRun& start, const StabilityOptions& options);

}  // namespace tuner::lr_range
