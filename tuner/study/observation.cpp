#include "tuner/study/observation.hpp"

#include <algorithm>
#include <cmath>

#include "tuner/measured.hpp"

namespace tuner::study {

namespace {

// Of each constraint the worst value of the replicates.
std::vector<double> worst_constraints(const std::vector<TrialResult>& results) {
  std::vector<MetricPoint> worst;
  for (const TrialResult& result : results)
    for (const MetricPoint& point : last_points(result.metrics)) {
      if (!is_constraint(point.name)) continue;
      const auto known = std::ranges::find(worst, point.name, &MetricPoint::name);
      if (known == worst.end())
        worst.push_back(point);
      else if (!(point.value <= known->value) && !std::isnan(known->value))
        known->value = point.value;
    }
  return constraints_of(worst);
}

// Of the replicates that have a value.
std::vector<double> further_means(const StudyPlan& plan, const std::vector<TrialResult>& results) {
  std::vector<double> means;
  for (const FurtherMetric& metric : plan.further_metrics) {
    std::vector<double> values;
    for (const TrialResult& result : results)
      if (const auto value = last_value(result.metrics, metric.name); result.value && value) values.push_back(*value);
    const Aggregate all = aggregate(values);
    if (!all.mean) return {};
    means.push_back(*all.mean);
  }
  return means;
}

}  // namespace

double budget_of(const StudyPlan& plan, const Configuration& point) {
  for (const char* key : {"steps", "epochs"}) {
    const auto found = plan.training.find(key);
    if (found == plan.training.end()) continue;
    const auto* searched = std::get_if<SearchParameter>(&found->second);
    const Value value =
        searched ? point.at(searched->dimension).value_or(Value(Null{})) : std::get<Value>(found->second);
    if (const auto* count = std::get_if<std::int64_t>(&value); count && *count > 0) return static_cast<double>(*count);
  }
  return 0;
}

search::Observation observation_of(const StudyPlan& plan, std::uint64_t proposal, const Configuration& point,
                                   const std::vector<TrialResult>& results) {
  search::Observation observation{.proposal = proposal,
                                  .configuration = proposal,
                                  .assignment = point,
                                  .outcome = Outcome::completed,
                                  .last_step = results.back().steps,
                                  .budget = budget_of(plan, point),
                                  .values = {},
                                  .mean = {},
                                  .standard_deviation = {},
                                  .results = {}};
  std::vector<double> there;
  for (const TrialResult& result : results) {
    observation.values.push_back(result.value);
    if (result.value) there.push_back(*result.value);
    if (observation.outcome == Outcome::completed) observation.outcome = result.outcome;
  }
  const Aggregate values = aggregate(there);
  observation.mean = values.mean;
  observation.standard_deviation = values.standard_deviation;
  observation.further_means = further_means(plan, results);
  observation.constraints = worst_constraints(results);
  return observation;
}

search::Observation observation_of(const storage::ObservationRecord& record, const Configuration& point) {
  return {.proposal = record.proposal,
          .configuration = record.configuration,
          .assignment = point,
          .outcome = record.outcome,
          .last_step = record.last_step,
          .budget = record.budget,
          .values = record.values,
          .mean = record.mean,
          .standard_deviation = record.standard_deviation,
          .further_means = record.further_means,
          .constraints = record.constraints,
          .results = {}};
}

search::Observation observation_of(const storage::EvidenceRecord& evidence, const Configuration& point,
                                   std::uint64_t k) {
  return {.proposal = TUNER_PROPOSAL_ELSEWHERE + k,
          .configuration = TUNER_PROPOSAL_ELSEWHERE + k,
          .assignment = point,
          .outcome = evidence.outcome,
          .last_step = evidence.last_step,
          .budget = evidence.budget,
          .values = {evidence.value},
          .mean = evidence.value,
          .standard_deviation = {},
          .further_means = evidence.further_values,
          .constraints = evidence.constraints,
          .results = {}};
}

storage::ObservationRecord record_of(const search::Observation& observation) {
  return {.proposal = observation.proposal,
          .configuration = observation.configuration,
          .outcome = observation.outcome,
          .last_step = observation.last_step,
          .budget = observation.budget,
          .values = observation.values,
          .mean = observation.mean,
          .standard_deviation = observation.standard_deviation,
          .further_means = observation.further_means,
          .constraints = observation.constraints};
}

}  // namespace tuner::study
