// Trials of other studies that a searcher is told of.
#pragma once

#include <vector>

#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

// Trials of the studies that the plan learns from which it can use: those that have ended, with parameters of its
// space. Errors: config.impossible where there is no such study, its metric is another one, or none of its trials fits.
[[nodiscard]] std::vector<storage::EvidenceRecord> evidence_for(const StudyPlan& plan, const search::Searcher& searcher,
                                                                const storage::Store& store);

}  // namespace tuner::study
