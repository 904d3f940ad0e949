#include "tuner/study/decisions.hpp"

#include <limits>

namespace tuner::study {

Decisions::Decisions(search::Pruner& pruner, const storage::Store& store, const std::string& study) : pruner_(pruner) {
  store.read_journal(study, [&](const storage::JournalEntry& entry) {
    const auto* report = std::get_if<storage::ReportRecord>(&entry);
    if (report == nullptr) return;
    pruner_.observe({.number = report->number, .step = report->step, .value = report->value});
    decided_.insert({{report->number, report->step},
                     {.stop = report->decision == "stop", .next = report->next_step.value_or(kNever)}});
  });
}

Decision Decisions::decide(const search::Judged& judged) {
  const std::pair key(judged.number, judged.step);
  if (const auto known = decided_.find(key); known != decided_.end()) return known->second;
  pruner_.observe(judged);
  const Decision decision = pruner_.decide(judged);
  decided_.emplace(key, decision);
  entries_.emplace_back(
      storage::ReportRecord{.number = judged.number,
                            .step = judged.step,
                            .value = judged.value,
                            .decision = decision.stop ? "stop" : "continue",
                            .next_step = decision.next == kNever ? std::nullopt : std::optional(decision.next)});
  return decision;
}

void Decisions::forget(std::uint64_t number) {
  decided_.erase(decided_.lower_bound({number, 0}),
                 decided_.upper_bound({number, std::numeric_limits<std::int64_t>::max()}));
}

}  // namespace tuner::study
