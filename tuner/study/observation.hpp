// What a searcher is told of trials that have ended, and its form in the journal.
#pragma once

#include <cstdint>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/journal.hpp"

namespace tuner::study {

// Steps or epochs that a trial of this configuration can go; 0 where the plan does not say.
[[nodiscard]] double budget_of(const StudyPlan& plan, const Configuration& point);

// Of a proposal whose replicates had these results, by replicate.
[[nodiscard]] search::Observation observation_of(const StudyPlan& plan, std::uint64_t proposal,
                                                 const Configuration& point, const std::vector<TrialResult>& results);
[[nodiscard]] search::Observation observation_of(const storage::ObservationRecord& record, const Configuration& point);
// The k-th of other studies.
[[nodiscard]] search::Observation observation_of(const storage::EvidenceRecord& evidence, const Configuration& point,
                                                 std::uint64_t k);
[[nodiscard]] storage::ObservationRecord record_of(const search::Observation& observation);

}  // namespace tuner::study
