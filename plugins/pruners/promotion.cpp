#include "promotion.hpp"

#include <algorithm>
#include <cmath>

#include "open_trials.hpp"

namespace pruners {

Promotion::Promotion(std::int64_t first, std::int64_t eta, std::int64_t end, double sign)
    : first_(first), eta_(eta), end_(end > 0 ? end : kNever), sign_(sign) {}

std::size_t Promotion::passing(const Level& level) const { return level.rung.size() / static_cast<std::size_t>(eta_); }

Standing Promotion::standing(std::size_t level, double loss) const {
  return standing_at(rung_step(first_, eta_, level), levels_[level].rung, loss, passing(levels_[level]), sign_);
}

tuner::Decision Promotion::judge(const tuner::Report& report) {
  const double loss = sign_ * report.value();
  Trial& trial = trials_[report.trial()];
  while (true) {
    const std::int64_t step = rung_step(first_, eta_, trial.passed);
    if (step >= end_ || report.step() >= end_) return {};
    if (report.step() < step) return {.what = TUNER_DECISION_CONTINUE, .next_step = step};
    if (std::isnan(loss)) return stop(report, kNanText, static_cast<long long>(step));
    if (trial.passed >= levels_.size()) levels_.resize(trial.passed + 1);
    Level& level = levels_[trial.passed];
    level.rung.add(loss);
    const Standing standing = this->standing(trial.passed, loss);
    say(report.host(), standing);
    if (standing.rank > standing.passing) {
      trial.left = loss;
      trial.step = report.step();
      return {.what = TUNER_DECISION_PAUSE, .next_step = -1};
    }
    ++trial.passed;
  }
}

void Promotion::paused(std::uint64_t number) {
  const auto trial = trials_.find(number);
  if (trial == trials_.end() || trial->second.passed >= levels_.size()) return;
  levels_[trial->second.passed].paused.emplace(trial->second.left, number);
}

void Promotion::ended(std::uint64_t number) {
  const auto trial = trials_.extract(number);
  if (!trial.empty() && trial.mapped().passed < levels_.size())
    levels_[trial.mapped().passed].paused.erase({trial.mapped().left, number});
}

tuner::Reviewed Promotion::review(const tuner::Review& review) {
  for (std::size_t k = levels_.size(); k-- > 0;) {
    Level& level = levels_[k];
    if (level.paused.empty()) continue;
    const auto [loss, number] = *level.paused.begin();
    const Standing standing = this->standing(k, loss);
    if (standing.rank > standing.passing) continue;
    level.paused.erase(level.paused.begin());
    Trial& trial = trials_[number];
    ++trial.passed;
    say(review.host(), standing);
    // At a rung that it has passed already it leaves its next report.
    const std::int64_t next = std::max(rung_step(first_, eta_, k + 1), trial.step + 1);
    return {.trial = number, .decision = {.what = TUNER_DECISION_CONTINUE, .next_step = next < end_ ? next : -1}};
  }
  return {};
}

}  // namespace pruners
