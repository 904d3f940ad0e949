// What the parts have measured, read back from their metrics.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/lr_range/part.hpp"
#include "tuner/lr_range/rules.hpp"

namespace tuner::lr_range {

// Of a ramp.
[[nodiscard]] Curve curve_of(std::span<const MetricPoint> metrics);
// The last lr before a ramp's loss has climbed back, or stopped to be finite; nothing where neither happens. The first
// lr where that comes at once. The ramp must have come to its own end: one that stopped short of lr_max did diverge.
[[nodiscard]] std::optional<double> divergence_lr(const Curve& curve, const TestSettings& settings);

// The value at the last step of a metric.
[[nodiscard]] std::optional<double> last_value(std::span<const MetricPoint> metrics, std::string_view name);

// The value of a run of the LR grid as a loss: where more is better with the other sign.
[[nodiscard]] std::optional<double> loss_of(std::optional<double> value, Goal goal);

// Values of an lr of the LR grid, by seed; infinite for a run that diverged or failed.
struct GridLr {
  double lr = 0;
  std::vector<double> losses;
  // Infinite too for a seed whose run has not been made.
  [[nodiscard]] double loss(std::size_t seed) const {
    return seed < losses.size() ? losses[seed] : std::numeric_limits<double>::infinity();
  }
};
// Adds one run. They stand in order of lr.
void add_grid_run(std::vector<GridLr>& grid, const Part& part, std::optional<double> value);
// The lr with the least mean loss; nothing where every one has a run that diverged.
[[nodiscard]] std::optional<std::size_t> best_in_grid(std::span<const GridLr> grid);

// One-sided 95 % point of Student's t. Requires: degrees >= 1.
[[nodiscard]] double student_t_95(std::size_t degrees);

// First and last of the lrs around the best one whose losses do not differ from its own by more than their noise: the
// mean difference, paired by seed, is below the 95 % point of Student's t times its standard error. One seed knows no
// noise: the best one alone.
[[nodiscard]] std::pair<std::size_t, std::size_t> indistinguishable(std::span<const GridLr> grid, std::size_t best);

// Of the finite values; the geometric mean of the middle two where their number is even.
[[nodiscard]] std::optional<double> median(std::vector<double> lrs);

}  // namespace tuner::lr_range
