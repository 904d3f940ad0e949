#include "tuner/lr_range/tool_rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace tuner::lr_range {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// What a tool has logged, or a part of it. An lr that the curve does not have is NaN.
struct Log {
  std::vector<double> lr, loss;

  [[nodiscard]] std::size_t size() const { return lr.size(); }
  void add(double lr_value, double loss_value) {
    lr.push_back(lr_value);
    loss.push_back(loss_value);
  }
  // log[begin:-drop] of Python, with drop >= 1.
  [[nodiscard]] Log part(std::size_t begin, std::size_t drop) const {
    Log result;
    for (std::size_t i = begin; i + drop < size(); ++i) result.add(lr[i], loss[i]);
    return result;
  }
};

// The losses that the tool would have met: those before the steps of the curve, and what comes after its end.
Log met(const Curve& curve, std::size_t planned) {
  Log log;
  for (const CurvePoint& point : curve) log.add(point.lr, point.loss_before);
  if (curve.empty() || std::isfinite(curve.back().loss)) return log;
  if (std::isfinite(curve.back().loss_before) && log.size() < planned) log.add(kNaN, curve.back().loss);
  while (log.size() < planned) log.add(kNaN, kNaN);
  return log;
}

Finding nothing(std::string why) { return {std::nullopt, std::move(why)}; }
Finding too_few() { return nothing("too few points are left: the tool raises an error"); }

// The index that numpy's and torch's argmin give: of the first NaN, else of the first least value.
std::size_t argmin(std::span<const double> values) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) return i;
    if (values[i] < values[best]) best = i;
  }
  return best;
}

// numpy.gradient and torch.gradient of values one apart: central differences, one-sided ones at the ends.
// Requires: at least two values.
std::vector<double> gradient(std::span<const double> y) {
  const std::size_t n = y.size();
  std::vector<double> result(n);
  result[0] = y[1] - y[0];
  result[n - 1] = y[n - 1] - y[n - 2];
  for (std::size_t i = 1; i + 1 < n; ++i) result[i] = (y[i + 1] - y[i - 1]) / 2;
  return result;
}

// torch.gradient with coordinates: inside, the derivative at x[i] of the parabola through three points.
std::vector<double> gradient(std::span<const double> y, std::span<const double> x) {
  const std::size_t n = y.size();
  std::vector<double> result(n);
  result[0] = (y[1] - y[0]) / (x[1] - x[0]);
  result[n - 1] = (y[n - 1] - y[n - 2]) / (x[n - 1] - x[n - 2]);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double before = x[i] - x[i - 1], after = x[i + 1] - x[i], both = before + after;
    result[i] = -after / (before * both) * y[i - 1] + (after - before) / (before * after) * y[i] +
                before / (after * both) * y[i + 1];
  }
  return result;
}

// fastai. Logs the average a <- a - (a - loss) (1 - 0.98), divided by 1 - 0.98^count, and stops after logging one above
// four times the least so far. The first tenth of the planned steps and the last five points are dropped, then all from
// the first NaN.
Log fastai_log(const Curve& curve, std::size_t planned) {
  constexpr double kBeta = 0.98;
  const Log raw = met(curve, planned);
  Log log;
  double average = 0, best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    average -= (average - raw.loss[i]) * (1 - kBeta);
    const double smooth = average / (1 - std::pow(kBeta, static_cast<double>(i + 1)));
    log.add(raw.lr[i], smooth);
    best = smooth < best ? smooth : best;
    if (smooth > 4 * best) break;
  }
  Log kept = log.part(planned / 10, 5);
  const auto nan = std::find_if(kept.loss.begin(), kept.loss.end(), [](double x) { return std::isnan(x); });
  kept.lr.resize(static_cast<std::size_t>(nan - kept.loss.begin()));
  kept.loss.resize(kept.lr.size());
  return kept;
}

// The longest subsequence of falling losses, of points that need not follow each other, ending first; its length L is
// taken for the width of the valley, which so begins at end - L. Of the valley, int(L/3) + int(L/6) points in. A start
// of -1, and with two points an index of -1, count as Python counts them.
Finding fastai_valley(const Log& log) {
  const auto n = static_cast<std::int64_t>(log.size());
  if (n == 0) return too_few();
  const auto loss = [&](std::int64_t i) { return log.loss[static_cast<std::size_t>(i)]; };
  std::vector<std::int64_t> length(log.size(), 1);
  std::int64_t start = 0, end = 0;
  for (std::int64_t i = 1; i < n; ++i) {
    std::int64_t& here = length[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < i; ++j) {
      if (loss(i) < loss(j)) here = std::max(here, length[static_cast<std::size_t>(j)] + 1);
    }
    if (here > length[static_cast<std::size_t>(end)]) {
      end = i;
      start = end - here;
    }
  }
  const double third = static_cast<double>(end - start) / 3;
  std::int64_t index = start + static_cast<std::int64_t>(third) + static_cast<std::int64_t>(third / 2);
  if (index < 0) index += n;
  return {log.lr[static_cast<std::size_t>(index)], ""};
}

Finding fastai_minimum(const Log& log) {
  if (log.size() == 0) return too_few();
  return {log.lr[argmin(log.loss)] / 10, ""};
}

Finding fastai_steep(const Log& log) {
  if (log.size() < 2) return too_few();
  std::vector<double> slope;
  for (std::size_t i = 0; i + 1 < log.size(); ++i)
    slope.push_back((log.loss[i + 1] - log.loss[i]) / (std::log(log.lr[i + 1]) - std::log(log.lr[i])));
  return {log.lr[argmin(slope)], ""};
}

// Two points 15 apart move left from the end while the gradients at them differ by more than 0.005; of the left one,
// where it was last.
Finding fastai_slide(const Log& log) {
  constexpr std::size_t kApart = 15;
  if (log.size() < kApart + 1) return too_few();
  const std::vector<double> slope = gradient(log.loss);
  std::size_t right = log.size();  // one past the right point
  double lr = log.lr[right - 1 - kApart];
  while (right > kApart && std::abs(slope[right - 1] - slope[right - 1 - kApart]) > 0.005) {
    lr = log.lr[right - 1 - kApart];
    --right;
  }
  return {lr, ""};
}

// Lightning. Logs the average a <- 0.98 a + 0.02 loss divided by 1 - 0.98^(step + 1), step from 1: the exponent is one
// too large, so the first value is 0.505 of the first loss and the curve rises to its true height, while `best`
// starts from the half. From the second step it stops after logging one above four times the best *before* it.
// Points 10 up to the last but one are looked at, those that are not finite left out.
Finding lightning(const Curve& curve, std::size_t planned, bool against_lr) {
  constexpr double kBeta = 0.98;
  constexpr std::size_t kSkip = 10;
  const Log raw = met(curve, planned);
  Log log;
  double average = 0, best = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::size_t step = i + 1;
    average = kBeta * average + (1 - kBeta) * raw.loss[i];
    const double smooth = average / (1 - std::pow(kBeta, static_cast<double>(step + 1)));
    log.add(raw.lr[i], smooth);
    const bool stop = step > 1 && smooth > 4 * best;
    if (smooth < best || step == 1) best = smooth;
    if (stop) break;
  }
  Log kept;
  const Log looked_at = log.part(kSkip, 1);
  for (std::size_t i = 0; i < looked_at.size(); ++i) {
    if (std::isfinite(looked_at.loss[i])) kept.add(looked_at.lr[i], looked_at.loss[i]);
  }
  if (kept.size() < 2) return nothing("too few points are left: the tool suggests nothing");
  return {kept.lr[argmin(against_lr ? gradient(kept.loss, kept.lr) : gradient(kept.loss))], ""};
}

// pytorch-lr-finder. Logs the average a <- 0.05 loss + 0.95 a from the first loss on; stops after logging one above
// five times the least so far. The first 10 and the last 5 points are skipped.
Finding pytorch_lr_finder(const Curve& curve, std::size_t planned) {
  const Log raw = met(curve, planned);
  Log log;
  double best = kNaN;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const double smooth = i == 0 ? raw.loss[0] : 0.05 * raw.loss[i] + (1 - 0.05) * log.loss.back();
    if (i == 0 || smooth < best) best = smooth;
    log.add(raw.lr[i], smooth);
    if (smooth > 5 * best) break;
  }
  const Log kept = log.part(10, 5);
  if (kept.size() < 2) return nothing("too few points are left: the tool suggests nothing");
  return {kept.lr[argmin(gradient(kept.loss))], ""};
}

// keras_lr_finder. Logs the loss itself, as Keras gave that of a batch when the tool was written; from the seventh
// batch on it stops after logging NaN or more than four times the best before it, which starts at 1e9. The rate of
// change is over 4 batches, zero for the first 4; the first 10 and the last 5 are skipped.
Finding keras_lr_finder(const Curve& curve, std::size_t planned) {
  constexpr std::size_t kAverage = 4;
  const Log raw = met(curve, planned);
  Log log;
  double best = 1e9;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const double loss = raw.loss[i];
    log.add(raw.lr[i], loss);
    if (i > 5 && (std::isnan(loss) || loss > best * 4)) break;
    if (loss < best) best = loss;
  }
  Log rate = log;
  for (std::size_t i = 0; i < log.size(); ++i)
    rate.loss[i] = i < kAverage ? 0 : (log.loss[i] - log.loss[i - kAverage]) / static_cast<double>(kAverage);
  const Log kept = rate.part(10, 5);
  if (kept.size() == 0) return too_few();
  return {kept.lr[argmin(kept.loss)], ""};
}

std::optional<Finding> find(std::string_view name, const Curve& curve, std::size_t planned) {
  if (name == "fastai.valley") return fastai_valley(fastai_log(curve, planned));
  if (name == "fastai.minimum") return fastai_minimum(fastai_log(curve, planned));
  if (name == "fastai.steep") return fastai_steep(fastai_log(curve, planned));
  if (name == "fastai.slide") return fastai_slide(fastai_log(curve, planned));
  if (name == "lightning") return lightning(curve, planned, true);
  if (name == "lightning_before_2.5.3") return lightning(curve, planned, false);
  if (name == "pytorch_lr_finder") return pytorch_lr_finder(curve, planned);
  if (name == "keras_lr_finder") return keras_lr_finder(curve, planned);
  return std::nullopt;
}

}  // namespace

std::optional<Finding> apply_tool_rule(std::string_view name, const Curve& curve, std::size_t planned_steps) {
  std::optional<Finding> found = find(name, curve, std::max(planned_steps, curve.size()));
  if (found && found->lr && std::isnan(*found->lr))
    return nothing("the tool would suggest an lr after the end of the curve");
  return found;
}

}  // namespace tuner::lr_range
