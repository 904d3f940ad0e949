#include "tuner/lr_range/stability.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <span>

namespace tuner::lr_range {

namespace {

constexpr double kRounding = 1e-6, kTenfold = 10, kNothingHidden = 1e-20;
constexpr double kWidestFactor = 16;

// The losses of a run so far, in quarters.
class Judgement {
 public:
  explicit Judgement(std::span<const double> losses)
      : losses_(losses),
        last_(losses.last(losses.size() / 4)),
        before_(losses.last(2 * last_.size()).first(last_.size())) {}

  [[nodiscard]] double ratio() const {
    const double low = std::min(std::ranges::min(before_), std::ranges::min(last_));
    const double size = std::max({std::ranges::max(before_), std::ranges::max(last_), -low});
    if (size <= 0) return 1;  // exactly 0 throughout
    // Halves, as the difference of two finite numbers need not be finite.
    const auto envelope = [&](std::span<const double> quarter) {
      return std::max(std::ranges::max(quarter) / 2 - low / 2, kRounding / 2 * size);
    };
    return std::clamp(envelope(last_) / envelope(before_), kRounding, 1 / kRounding);
  }

  [[nodiscard]] bool above_all_before() const {
    return std::ranges::max(last_) > std::ranges::max(losses_.first(losses_.size() - last_.size()));
  }

  // Above the middle half of the run, which at twice the length holds what had grown at the length before.
  [[nodiscard]] bool above_middle() const {
    const std::span<const double> middle = losses_.last(3 * last_.size()).first(2 * last_.size());
    return std::ranges::max(last_) > std::ranges::max(middle);
  }

  [[nodiscard]] bool gone() const {
    return std::ranges::min(last_) >= 0 &&
           std::ranges::max(last_) <= kNothingHidden * std::ranges::max(losses_.first(last_.size()));
  }

 private:
  std::span<const double> losses_, last_, before_;
};

StabilityRun run(const StartRun& start, double lr, const StabilityOptions& options) {
  const NextLoss next = start(lr);
  std::vector<double> losses;
  bool grew_before = false;
  for (std::int64_t length = options.first_steps;; length = std::min(2 * length, options.most_steps)) {
    while (std::ssize(losses) < length) {
      losses.push_back(next());
      if (!std::isfinite(losses.back()))
        return {.lr = lr, .steps = std::ssize(losses), .ratio = std::numeric_limits<double>::infinity()};
    }
    const Judgement judgement(losses);
    const double ratio = judgement.ratio();
    const bool grew = ratio >= kTenfold && judgement.above_middle(), last = length == options.most_steps;
    if (grew && (grew_before || (last && judgement.above_all_before())))
      return {.lr = lr, .steps = length, .ratio = ratio};
    if (last || (ratio <= 1 / kTenfold && judgement.gone()))
      return {.lr = lr, .steps = length, .stable = true, .ratio = ratio};
    grew_before = grew;
  }
}

}  // namespace

std::int64_t StabilityBracket::steps() const {
  std::int64_t sum = 0;
  for (const StabilityRun& run : runs) sum += run.steps;
  return sum;
}

StabilityBracket largest_stable_lr(const StartRun& start, const StabilityOptions& options) {
  assert(options.lowest > 0 && options.lowest <= options.highest && options.precision > 0);
  assert(options.first_steps >= 8 && options.first_steps <= options.most_steps);
  StabilityBracket found;
  const auto stable_at = [&](double lr) {
    found.runs.push_back(run(start, lr, options));
    const bool stable = found.runs.back().stable;
    (stable ? found.stable : found.unstable) = lr;
    return stable;
  };
  double lr = std::clamp(options.first, options.lowest, options.highest), factor = 2;
  const bool up = stable_at(lr);
  while (!(found.stable && found.unstable) && lr != (up ? options.highest : options.lowest)) {
    lr = up ? std::min(lr * factor, options.highest) : std::max(lr / factor, options.lowest);
    factor = std::min(factor * factor, kWidestFactor);
    stable_at(lr);
  }
  if (!found.stable || !found.unstable) return found;
  while (*found.unstable > *found.stable * (1 + options.precision)) {
    const double middle = *found.stable * std::sqrt(*found.unstable / *found.stable);
    if (middle <= *found.stable || middle >= *found.unstable) break;  // no number between the two
    stable_at(middle);
  }
  return found;
}

}  // namespace tuner::lr_range
