#include "tuner/lr_range/measurements.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace tuner::lr_range {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Is `other` worse than `best` by no more than the noise of their difference?
bool is_alike(const GridLr& best, const GridLr& other) {
  const std::size_t n = std::min(best.losses.size(), other.losses.size());
  std::vector<double> differences;
  for (std::size_t seed = 0; seed < n; ++seed) differences.push_back(other.losses[seed] - best.losses[seed]);
  const double middle = mean(differences);
  if (n < 2 || !std::isfinite(middle)) return false;
  double squares = 0;
  for (const double difference : differences) squares += (difference - middle) * (difference - middle);
  const double error = std::sqrt(squares / static_cast<double>(n - 1) / static_cast<double>(n));
  return middle <= student_t_95(n - 1) * error;
}

}  // namespace

double student_t_95(std::size_t degrees) {
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees)), 0.95);
}

Curve curve_of(std::span<const MetricPoint> metrics) {
  std::map<std::int64_t, CurvePoint> points;
  const auto at = [&](const MetricPoint& metric) -> CurvePoint& { return points[metric.step]; };
  for (const MetricPoint& metric : metrics) {
    if (metric.name == "lr") at(metric).lr = metric.value;
    if (metric.name == "loss_before") at(metric).loss_before = metric.value;
    if (metric.name == "loss") at(metric).loss = metric.value;
  }
  Curve curve;
  for (const auto& [step, point] : points) curve.push_back(point);
  return curve;
}

std::optional<double> divergence_lr(const Curve& curve, const TestSettings& settings) {
  if (curve.empty()) return std::nullopt;
  if (!std::isfinite(curve.front().loss)) return curve.front().lr;
  const Finding third = apply_rule("divergence/3", curve, settings.smoothing, static_cast<std::size_t>(settings.steps));
  if (third.lr) return 3 * *third.lr;
  if (std::ssize(curve) >= settings.steps && std::isfinite(curve.back().loss)) return std::nullopt;
  // It ended before the rule has enough points to judge by.
  const double start = curve.front().loss_before;
  const auto back = std::ranges::find_if(curve, [&](const CurvePoint& point) { return !(point.loss < start); });
  return back == curve.begin() ? curve.front().lr : std::prev(back)->lr;
}

std::optional<double> last_value(std::span<const MetricPoint> metrics, std::string_view name) {
  const MetricPoint* last = nullptr;
  for (const MetricPoint& metric : metrics)
    if (metric.name == name && (last == nullptr || metric.step >= last->step)) last = &metric;
  return last ? std::optional(last->value) : std::nullopt;
}

std::optional<double> loss_of(std::optional<double> value, Goal goal) {
  if (value && goal == Goal::maximize) return -*value;
  return value;
}

void add_grid_run(std::vector<GridLr>& grid, const Part& part, std::optional<double> value) {
  auto grid_lr = std::ranges::lower_bound(grid, part.lr, {}, &GridLr::lr);
  if (grid_lr == grid.end() || grid_lr->lr != part.lr) grid_lr = grid.insert(grid_lr, GridLr{part.lr, {}});
  const auto seed = static_cast<std::size_t>(part.seed);
  if (grid_lr->losses.size() <= seed) grid_lr->losses.resize(seed + 1, kInfinity);
  if (value) grid_lr->losses[seed] = *value;
}

std::optional<std::size_t> best_in_grid(std::span<const GridLr> grid) {
  std::optional<std::size_t> best;
  double least = kInfinity;
  for (std::size_t i = 0; i < grid.size(); ++i)
    if (const double loss = mean(grid[i].losses); loss < least) {
      best = i;
      least = loss;
    }
  return best;
}

std::pair<std::size_t, std::size_t> indistinguishable(std::span<const GridLr> grid, std::size_t best) {
  std::size_t first = best, last = best;
  while (first > 0 && is_alike(grid[best], grid[first - 1])) --first;
  while (last + 1 < grid.size() && is_alike(grid[best], grid[last + 1])) ++last;
  return {first, last};
}

std::optional<double> median(std::vector<double> lrs) {
  std::erase_if(lrs, [](double lr) { return !std::isfinite(lr); });
  if (lrs.empty()) return std::nullopt;
  std::ranges::sort(lrs);
  const std::size_t middle = lrs.size() / 2;
  return lrs.size() % 2 == 1 ? lrs[middle] : std::sqrt(lrs[middle - 1] * lrs[middle]);
}

}  // namespace tuner::lr_range
