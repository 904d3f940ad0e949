#include "tuner/check/pruner_rig.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "tuner/check/search_rig.hpp"
#include "tuner/check/sensible.hpp"

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
  constexpr std::size_t kWorkers = 4;
  PrunedStudy study;
  std::vector<Running> running;
  std::uint64_t next = 0;
  const auto told = [&](const Running& of, double number, std::optional<std::uint32_t> end) {
    study.events.push_back({.kind = end ? search::TrialEvent::Kind::end : search::TrialEvent::Kind::report,
                            .trial = of.trial,
                            .outcome = end.value_or(TUNER_OUTCOME_COMPLETED),
                            .step = of.step,
                            .budget = budget_,
                            .value = number,
                            .row = row_});
    study.verdicts.push_back(tell(study.events.back()));
    return study.verdicts.back();
  };
  while (next < trials || !running.empty()) {
    while (next < trials && running.size() < kWorkers) running.push_back({next++});
    for (std::size_t i = 0; i < running.size();) {
      Running& trial = running[i];
      const std::uint32_t planned = outcome(trial.trial);
      ++trial.step;
      const double number = value(trial.trial, trial.step);
      std::optional<std::uint32_t> end;
      if (trial.step == (planned == TUNER_OUTCOME_COMPLETED ? kSteps : kSteps / 2)) end = planned;
      if (trial.due > 0 && trial.step >= trial.due) {
        const search::Verdict verdict = told(trial, number, {});
        trial.due = verdict.next_step;
        if (verdict.decision == TUNER_DECISION_STOP) end = TUNER_OUTCOME_PRUNED;
      }
      ++i;
      if (!end) continue;
      const bool has_value = *end == TUNER_OUTCOME_COMPLETED || *end == TUNER_OUTCOME_PRUNED;
      told(trial, has_value ? number : std::numeric_limits<double>::quiet_NaN(), end);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(--i));
    }
  }
  return study;
}

}  // namespace tuner::check
