#include "tuner/check/pruner_rig.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "tuner/check/search_rig.hpp"
#include "tuner/check/sensible.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

StudyPlan plan_of(const Subject& subject, Goal goal) {
  StudyPlan plan;
  plan.seed = subject.seed;
  plan.space = spaces_to_search().front().space;
  plan.metric.goal = goal;
  PluginPlan& pruner = plan.pruner.emplace().plugin;
  pruner.plugin = subject.plugin;
  for (const auto& [key, value] : sensible_settings(*subject.plugin, subject.given)) pruner.options.emplace(key, value);
  return plan;
}

// In [0, 1), the same for the same number.
double share_of(std::uint64_t number) {
  number = (number + 1) * 0x9e3779b97f4a7c15u;
  number = (number ^ (number >> 31)) * 0xbf58476d1ce4e5b9u;
  return static_cast<double>((number ^ (number >> 29)) >> 11) * 0x1p-53;
}

struct Running {
  std::uint64_t trial = 0;
  std::int64_t step = 0;
  std::int64_t due = 1;  // the next step that is judged; -1: none
};

// One study from its first trial to its last.
class Course {
 public:
  Course(PrunerRig& rig, std::int64_t budget, const search::Row& row, std::uint64_t trials,
         const PrunerRig::Value& value, const PrunerRig::OutcomeOf& outcome)
      : rig_(rig), budget_(budget), row_(row), trials_(trials), value_(value), outcome_(outcome) {}

  PrunedStudy run() {
    while (fill_workers())
      for (std::size_t i = 0; i < running_.size();)
        if (!take_step(running_[i]))
          running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
        else
          ++i;
    return std::move(study_);
  }

 private:
  static constexpr std::size_t kWorkers = 4;
  using Event = search::TrialEvent;

  search::Verdict told(const Running& of, double number, std::optional<std::uint32_t> end) {
    study_.events.push_back({.kind = end ? Event::Kind::end : Event::Kind::report,
                             .trial = of.trial,
                             .outcome = end.value_or(TUNER_OUTCOME_COMPLETED),
                             .step = of.step,
                             .budget = budget_,
                             .value = number,
                             .row = row_});
    study_.verdicts.push_back(rig_.tell(study_.events.back()));
    return study_.verdicts.back();
  }

  // False: no trial runs, and none can begin.
  bool fill_workers() {
    while (running_.size() < kWorkers) {
      if (!paused_.empty() && (review(false) || (next_ == trials_ && running_.empty() && review(true)))) continue;
      if (next_ == trials_) break;
      running_.push_back({next_++});
    }
    return !running_.empty();
  }

  bool review(bool is_last) {
    Event event;
    event.kind = is_last ? Event::Kind::last_review : Event::Kind::review;
    const search::Verdict verdict = rig_.tell(event);
    if (verdict.decision == TUNER_DECISION_PAUSE) return false;
    auto paused = paused_.extract(verdict.trial);
    if (paused.empty())
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("its review names trial {}, which is not paused", verdict.trial));
    study_.events.push_back(event);
    study_.verdicts.push_back(verdict);
    if (verdict.decision == TUNER_DECISION_STOP) {
      told(paused.mapped(), value_(verdict.trial, paused.mapped().step), TUNER_OUTCOME_PRUNED);
    } else {
      paused.mapped().due = verdict.next_step;
      running_.push_back(paused.mapped());
    }
    return true;
  }

  // False: the trial runs no longer.
  bool take_step(Running& trial) {
    const std::uint32_t planned = outcome_(trial.trial);
    ++trial.step;
    const double number = value_(trial.trial, trial.step);
    std::optional<std::uint32_t> end;
    if (trial.step == (planned == TUNER_OUTCOME_COMPLETED ? PrunerRig::kSteps : PrunerRig::kSteps / 2)) end = planned;
    if (trial.due > 0 && trial.step >= trial.due) {
      const search::Verdict verdict = told(trial, number, {});
      trial.due = verdict.next_step;
      if (verdict.decision == TUNER_DECISION_STOP) end = TUNER_OUTCOME_PRUNED;
      if (verdict.decision == TUNER_DECISION_PAUSE && !end) {
        told(trial, number, TUNER_OUTCOME_PAUSED);
        paused_.emplace(trial.trial, trial);
        return false;
      }
    }
    if (!end) return true;
    const bool has_value = *end == TUNER_OUTCOME_COMPLETED || *end == TUNER_OUTCOME_PRUNED;
    told(trial, has_value ? number : std::numeric_limits<double>::quiet_NaN(), end);
    return false;
  }

  PrunerRig& rig_;
  std::int64_t budget_;
  const search::Row& row_;
  std::uint64_t trials_, next_ = 0;
  const PrunerRig::Value& value_;
  const PrunerRig::OutcomeOf& outcome_;
  PrunedStudy study_;
  std::vector<Running> running_;
  std::map<std::uint64_t, Running> paused_;
};

}  // namespace

double falling(std::uint64_t trial, std::int64_t step) {
  const double end = share_of(trial);
  const double noise = 0.2 * (share_of(1000 * trial + static_cast<std::uint64_t>(step)) - 0.5);
  return end + (2 - end) * std::exp(-static_cast<double>(step) / 20) + noise;
}

PrunerRig::PrunerRig(const Subject& subject, Goal goal, std::int64_t budget)
    : plan_(plan_of(subject, goal)),
      budget_(budget),
      row_{{0.5}, {TUNER_VALUE_FREE}},
      engine_(search::make_prune_engine(plan_, {.lag = 1, .trials = 100, .budget = budget})) {}

search::Verdict PrunerRig::tell(const search::TrialEvent& event) {
  if (event.kind != search::TrialEvent::Kind::end) return engine_->decide(event);
  engine_->tell(event);
  return {};
}

PrunedStudy PrunerRig::run(std::uint64_t trials, const Value& value, const OutcomeOf& outcome) {
  return Course(*this, budget_, row_, trials, value, outcome).run();
}

}  // namespace tuner::check
