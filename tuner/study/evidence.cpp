#include "tuner/study/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "tuner/error.hpp"
#include "tuner/measured.hpp"
#include "tuner/study/observation.hpp"
#include "tuner/study/recorded_trial.hpp"

namespace tuner::study {

namespace {

// "loss (minimize), bytes (minimize)"
std::string words_of_metrics(const std::string& first, Goal goal, const std::vector<FurtherMetric>& further) {
  std::string words = fmt::format("{} ({})", first, to_string(goal));
  for (const FurtherMetric& metric : further) words += fmt::format(", {} ({})", metric.name, to_string(metric.goal));
  return words;
}

// What the trial measured beside its value.
void add_measured(const StudyPlan& plan, const storage::TrialDetail& trial, storage::EvidenceRecord& evidence) {
  evidence.constraints = constraints_of(trial.metrics);
  for (const FurtherMetric& metric : plan.further_metrics)
    if (const auto value = last_value(trial.metrics, metric.name); value && evidence.value)
      evidence.further_values.push_back(*value);
}

}  // namespace

std::vector<storage::EvidenceRecord> evidence_for(const StudyPlan& plan, const search::Searcher& searcher,
                                                  const storage::Store& store) {
  std::vector<storage::EvidenceRecord> all;
  const std::vector<storage::StudyRow> studies = store.studies();
  for (const std::string& name : plan.learn_from) {
    const auto refuse = [&](const std::string& why, const std::string& remedy) {
      throw Error(Message::config_impossible, fmt::format("learn_from names study '{}': {}", name, why), remedy);
    };
    const auto study = std::ranges::find(studies, name, &storage::StudyRow::name);
    if (study == studies.end()) refuse("the database has no such study", "`tuner studies` lists those that it has");
    const std::string theirs =
        words_of_metrics(study->metric, study->goal, further_metrics_of(store.versions(name).back().plan));
    const std::string ours = words_of_metrics(plan.metric.name, plan.metric.goal, plan.further_metrics);
    if (theirs != ours)
      refuse(fmt::format("its metric is {}, and this study's is {}", theirs, ours),
             "learn from studies of the same metric");
    const std::size_t before = all.size();
    std::vector<std::uint64_t> measured;  // those with more than a value
    store.read_runs(name, 0, false, [&](const storage::RunRow& run) {
      if (is_open(run.outcome)) return;
      Parameters parameters = run.parameters;
      if (!plan.files.empty()) follow_paths(plan, parameters);
      const auto point = point_from(plan.space, parameters, searcher);
      if (!point) return;
      all.push_back({.study = name,
                     .number = run.number,
                     .parameters = std::move(parameters),
                     .outcome = run.outcome,
                     .last_step = run.steps,
                     .budget = budget_of(plan, *point),
                     .value = run.value});
      if (run.violation || !plan.further_metrics.empty()) measured.push_back(all.size() - 1);
    });
    for (const std::uint64_t at : measured) add_measured(plan, store.trial(name, all[at].number), all[at]);
    if (all.size() == before)
      refuse(fmt::format("none of its {} trials has parameters of this space", study->trials),
             "learn from studies with the same search parameters, each value of which this space has");
  }
  return all;
}

}  // namespace tuner::study
