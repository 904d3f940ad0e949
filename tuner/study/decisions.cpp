#include "tuner/study/decisions.hpp"

#include <limits>

namespace tuner::study {

namespace {

constexpr const char* kWords[] = {"continue", "stop", "pause"};  // of Decision::What

Decision::What decision_from(const std::string& word) {
  for (const Decision::What what : {Decision::What::stop, Decision::What::pause})
    if (word == kWords[static_cast<int>(what)]) return what;
  return Decision::What::go_on;
}

const char* word_of(const Decision& decision) { return kWords[static_cast<int>(decision.what)]; }

std::optional<std::int64_t> recorded_step(std::int64_t next) {
  return next == kNever ? std::nullopt : std::optional(next);
}

}  // namespace

Decisions::Decisions(search::Pruner& pruner, const storage::Store& store, const std::string& study,
                     const ConfigurationOf& configuration_of)
    : pruner_(pruner) {
  store.read_journal(study, [&](const storage::JournalEntry& entry) {
    if (const auto* report = std::get_if<storage::ReportRecord>(&entry)) replay(*report, configuration_of);
    if (const auto* end = std::get_if<storage::EndRecord>(&entry)) replay(*end, configuration_of);
    if (const auto* review = std::get_if<storage::ReviewRecord>(&entry)) replay(*review);
  });
}

void Decisions::replay(const storage::ReportRecord& report, const ConfigurationOf& configuration_of) {
  const search::Judged judged{.number = report.number,
                              .step = report.step,
                              .value = report.value,
                              .configuration = configuration_of(report.number)};
  pruner_.observe(judged);
  ++count_;
  Decision decision{
      .what = decision_from(report.decision), .next = report.next_step.value_or(kNever), .why = report.why};
  // Versions before schema 10 recorded no reason before the trial was.
  if (decision.stops() && decision.why.empty()) decision.why = pruner_.decide(judged).why;
  if (decision.what == Decision::What::pause) pausing_[report.number] = report.step;
  decided_.insert({{report.number, report.step}, std::move(decision)});
}

void Decisions::replay(const storage::EndRecord& end, const ConfigurationOf& configuration_of) {
  if (end.outcome == Outcome::paused)
    first_pauses_.emplace(end.number, end);
  else
    ends_.insert(end.number);
  take_in({.number = end.number,
           .outcome = end.outcome,
           .last_step = end.last_step,
           .value = end.value,
           .configuration = configuration_of(end.number)});
}

void Decisions::replay(const storage::ReviewRecord& review) {
  static_cast<void>(pruner_.review(review.is_last));
  take_in(search::Reviewed{
      .number = review.number,
      .decision = {
          .what = decision_from(review.decision), .next = review.next_step.value_or(kNever), .why = review.why}});
}

Decision Decisions::decide(const search::Judged& judged) {
  const std::pair key(judged.number, judged.step);
  if (const auto known = decided_.find(key); known != decided_.end()) return known->second;
  pruner_.observe(judged);
  ++count_;
  const Decision decision = pruner_.decide(judged);
  decided_.emplace(key, decision);
  if (decision.what == Decision::What::pause) pausing_[judged.number] = judged.step;
  entries_.emplace_back(storage::ReportRecord{.number = judged.number,
                                              .step = judged.step,
                                              .value = judged.value,
                                              .decision = word_of(decision),
                                              .next_step = recorded_step(decision.next),
                                              .why = decision.why});
  return decision;
}

void Decisions::ended(const search::Ended& ended) {
  // It was told before that the trial paused: an attempt that was lost comes there again.
  if (ended.outcome == Outcome::paused && paused_.contains(ended.number)) return;
  entries_.emplace_back(storage::EndRecord{
      .number = ended.number, .outcome = ended.outcome, .last_step = ended.last_step, .value = ended.value});
  take_in(ended);
}

void Decisions::take_in(const search::Ended& ended) {
  auto pausing = pausing_.extract(ended.number);
  if (ended.outcome == Outcome::paused) {
    if (!pausing.empty()) paused_.insert(std::move(pausing));
  } else {
    paused_.erase(ended.number);
    decided_.erase(decided_.lower_bound({ended.number, 0}),
                   decided_.upper_bound({ended.number, std::numeric_limits<std::int64_t>::max()}));
  }
  pruner_.ended(ended);
}

std::optional<search::Reviewed> Decisions::review(bool is_last) {
  if (paused_.empty()) return std::nullopt;
  std::optional<search::Reviewed> reviewed = pruner_.review(is_last);
  if (!reviewed) return std::nullopt;
  entries_.emplace_back(storage::ReviewRecord{.number = reviewed->number,
                                              .decision = word_of(reviewed->decision),
                                              .next_step = recorded_step(reviewed->decision.next),
                                              .is_last = is_last,
                                              .why = reviewed->decision.why});
  take_in(*reviewed);
  return reviewed;
}

// The report at which the trial paused gets this decision from now on.
void Decisions::take_in(const search::Reviewed& reviewed) {
  const auto paused = paused_.extract(reviewed.number);
  if (!paused.empty()) decided_[{reviewed.number, paused.mapped()}] = reviewed.decision;
}

}  // namespace tuner::study
