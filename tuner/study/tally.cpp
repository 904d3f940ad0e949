#include "tuner/study/tally.hpp"

#include <fmt/format.h>

#include "tuner/measured.hpp"

namespace tuner::study {

namespace {

// Trials of a program that fail at their start, from the first one on, before the study is stopped.
constexpr int kFailedAtStart = 3;

bool is_failed(Outcome outcome) { return outcome == Outcome::failed || outcome == Outcome::timed_out; }

}  // namespace

Tally::Tally(const StudyPlan& plan, const RunSettings& run, const storage::Store& store, StudyStatus& status)
    : plan_(plan), run_(run), status_(status) {
  if (status_.done > 0) failed_at_start_.reset();
  for (const auto& [outcome, trials] : store.outcomes(plan_.name))
    if (is_failed(outcome)) status_.failed += trials;
  if (const auto best = store.best(plan_.name)) remember(best->number, *best->value, best->parameters);
}

bool Tally::target_reached() const {
  if (!run_.end_at_target || !plan_.metric.target || !status_.best_number) return false;
  return plan_.metric.goal == Goal::minimize ? status_.best_value <= *plan_.metric.target
                                             : status_.best_value >= *plan_.metric.target;
}

// A program that is wrong itself fails in every trial: after the first ones there is nothing to learn.
void Tally::look_at_start(const storage::TrialRecord& record) {
  const TrialResult& result = record.result;
  const bool fails =
      result.outcome == Outcome::failed && result.process && result.metrics.empty() &&
      (result.failure == Failure::error || result.failure == Failure::exit || result.failure == Failure::crash);
  if (!fails) failed_at_start_.reset();
  if (!failed_at_start_ || ++*failed_at_start_ < kFailedAtStart || !status_.reason.empty()) return;
  fails_at_start_ = true;
  status_.reason =
      fmt::format("its first {} trials failed before they reported anything, the last one (trial {}) at {}",
                  kFailedAtStart, record.id.number, result.error);
}

void Tally::count(const storage::TrialRecord& record) {
  if (is_open(record.result.outcome)) {
    if (record.result.outcome == Outcome::cancelled) ++status_.outcomes[Outcome::cancelled];
    return;
  }
  ++status_.outcomes[record.result.outcome];
  look_at_start(record);
  ++status_.done;
  ++status_.done_now;
  if (is_failed(record.result.outcome)) ++status_.failed;
  // A part of an LR range test may complete without a value.
  if (record.result.outcome == Outcome::completed && record.result.value &&
      violation_of(constraints_of(record.result.metrics)) == 0)
    remember(record.id.number, *record.result.value, record.parameters);
}

void Tally::remember(std::uint64_t number, double value, const Parameters& parameters) {
  if (!plan_.further_metrics.empty()) return;  // no trial is the best
  // Ties go to the lower number, as the store ranks them, in whatever order trials end.
  const bool better = plan_.metric.goal == Goal::minimize ? value < status_.best_value : value > status_.best_value;
  const bool tie = value == status_.best_value && number < status_.best_number.value_or(UINT64_MAX);
  if (status_.best_number && !better && !tie) return;
  status_.best_number = number;
  status_.best_value = value;
  status_.best_parameters = parameters;
}

}  // namespace tuner::study
