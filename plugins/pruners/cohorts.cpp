#include "cohorts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "open_trials.hpp"

namespace pruners {

namespace {

constexpr double kWorst = std::numeric_limits<double>::infinity();

}  // namespace

Cohorts::Cohorts(std::vector<Bracket> brackets, std::int64_t eta, std::int64_t end, double sign)
    : brackets_(std::move(brackets)), eta_(eta), end_(end), sign_(sign) {}

std::int64_t Cohorts::step_of(const Cohort& cohort, std::size_t level) const {
  return rung_step(cohort.bracket.first, eta_, level);
}

Cohorts::Cohort& Cohorts::cohort_of(std::uint64_t trial) {
  while (cohorts_.empty() || trial >= cohorts_.back().begin + cohorts_.back().bracket.size) {
    Cohort& next = cohorts_.emplace_back();
    next.bracket = brackets_[(cohorts_.size() - 1) % brackets_.size()];
    next.expected = next.bracket.size;
    if (cohorts_.size() == 1) continue;
    const Cohort& before = cohorts_[cohorts_.size() - 2];
    next.begin = before.begin + before.bracket.size;
  }
  return *std::prev(std::ranges::upper_bound(cohorts_, trial, {}, &Cohort::begin));
}

tuner::Decision Cohorts::judge(const tuner::Report& report) {
  Cohort& cohort = cohort_of(report.trial());
  Member& member = cohort.members[report.trial()];
  const std::int64_t step = step_of(cohort, member.level);
  if (step >= end_ || report.step() >= end_) return {};
  if (report.step() < step) return {.what = TUNER_DECISION_CONTINUE, .next_step = step};
  member.step = report.step();
  if (std::isnan(report.value())) return stop(report, kNanText, static_cast<long long>(step));
  member.loss = sign_ * report.value();
  arrive(cohort, report.trial());
  return {.what = TUNER_DECISION_PAUSE, .next_step = -1};
}

void Cohorts::observe(const tuner::Observation& observation) {
  const std::uint64_t trial = observation.configuration().proposal();
  Cohort& cohort = cohort_of(trial);
  Member& member = cohort.members[trial];
  if (observation.outcome() == TUNER_OUTCOME_PAUSED) {
    member.is_paused = true;
    return;
  }
  member.is_paused = false;
  if (std::exchange(member.is_over, true)) return;
  std::erase_if(answers_, [&](const Answer& answer) { return answer.trial == trial; });
  const bool waits =
      std::ranges::find(cohort.arrived, trial, &std::pair<double, std::uint64_t>::second) != cohort.arrived.end();
  if (waits || member.level != cohort.level) return;
  const double value = observation.mean();
  const bool counts = observation.outcome() == TUNER_OUTCOME_COMPLETED && !std::isnan(value);
  member.loss = counts ? sign_ * value : kWorst;
  arrive(cohort, trial);
}

void Cohorts::arrive(Cohort& cohort, std::uint64_t trial) {
  cohort.arrived.emplace_back(cohort.members.at(trial).loss, trial);
  while (cohort.expected > 0 && cohort.arrived.size() >= cohort.expected) judge_level(cohort);
}

// All trials that are due at the rung are there. One that has ended may be among the best, and goes no further.
void Cohorts::judge_level(Cohort& cohort) {
  std::vector<std::pair<double, std::uint64_t>> arrived = std::exchange(cohort.arrived, {});
  std::ranges::sort(arrived);
  Rung rung;
  for (const auto& [loss, trial] : arrived) rung.add(loss);
  const std::size_t passing = std::max<std::size_t>(1, arrived.size() / static_cast<std::size_t>(eta_));
  const std::int64_t step = step_of(cohort, cohort.level);
  const std::int64_t next = step_of(cohort, ++cohort.level);
  cohort.expected = 0;
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    const auto [loss, trial] = arrived[i];
    Member& member = cohort.members.at(trial);
    if (member.is_over) continue;
    Answer answer{.trial = trial, .decision = {}, .standing = standing_at(step, rung, loss, passing, sign_)};
    if (i >= passing) {
      answer.decision.what = TUNER_DECISION_STOP;
    } else {
      ++member.level;
      if (next < end_) {
        ++cohort.expected;
        answer.decision.next_step = next;
        // Its last report has reached the next rung too.
        if (member.step >= next) {
          cohort.arrived.emplace_back(loss, trial);
          continue;
        }
      }
    }
    answers_.push_back(std::move(answer));
  }
}

void Cohorts::close(Cohort& cohort) {
  if (cohort.level == 0 && &cohort == &cohorts_.back() && !cohort.members.empty())
    cohort.bracket.size = cohort.members.rbegin()->first + 1 - cohort.begin;
  cohort.expected = cohort.arrived.size();
  while (cohort.expected > 0 && cohort.arrived.size() >= cohort.expected) judge_level(cohort);
}

tuner::Reviewed Cohorts::review(const tuner::Review& review) {
  const auto is_back = [&](const Answer& answer) { return cohort_of(answer.trial).members.at(answer.trial).is_paused; };
  auto answer = std::ranges::find_if(answers_, is_back);
  if (answer == answers_.end() && review.is_last()) {
    for (Cohort& cohort : cohorts_)
      if (!cohort.arrived.empty()) close(cohort);
    answer = std::ranges::find_if(answers_, is_back);
  }
  if (answer == answers_.end()) return {};
  const Answer given = *answer;
  answers_.erase(answer);
  cohort_of(given.trial).members.at(given.trial).is_paused = false;
  say(review.host(), given.standing);
  return {.trial = given.trial, .decision = given.decision};
}

}  // namespace pruners
