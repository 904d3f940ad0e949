#include "tuner/study/decisions.hpp"

#include <limits>

namespace tuner::study {

Decisions::Decisions(search::Pruner& pruner, const storage::Store& store, const std::string& study,
                     const std::function<Configuration(std::uint64_t trial)>& configuration_of)
    : pruner_(pruner) {
  store.read_journal(study, [&](const storage::JournalEntry& entry) {
    const auto* report = std::get_if<storage::ReportRecord>(&entry);
    if (report == nullptr) return;
    const search::Judged judged{.number = report->number,
                                .step = report->step,
                                .value = report->value,
                                .configuration = configuration_of(report->number)};
    pruner_.observe(judged);
    ++count_;
    Decision decision{.stop = report->decision == "stop", .next = report->next_step.value_or(kNever)};
    // The reason is not recorded before the trial is.
    if (decision.stop) decision.why = pruner_.decide(judged).why;
    decided_.insert({{report->number, report->step}, std::move(decision)});
  });
}

Decision Decisions::decide(const search::Judged& judged) {
  const std::pair key(judged.number, judged.step);
  if (const auto known = decided_.find(key); known != decided_.end()) return known->second;
  pruner_.observe(judged);
  ++count_;
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

void Decisions::ended(const search::Ended& ended) {
  decided_.erase(decided_.lower_bound({ended.number, 0}),
                 decided_.upper_bound({ended.number, std::numeric_limits<std::int64_t>::max()}));
  pruner_.ended(ended);
}

}  // namespace tuner::study
