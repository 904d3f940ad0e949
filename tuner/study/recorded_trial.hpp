// Trials and parameters of the database as a plan has them.
#pragma once

#include <optional>
#include <string>

#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

// A recorded trial as it was measured, but for its Failure, which is not recorded.
[[nodiscard]] TrialResult result_of(storage::TrialDetail trial);

// "lr=0.1 momentum=0.9", equal for equal parameters alone.
[[nodiscard]] std::string words_of(const Parameters& parameters);

// Recorded parameters with the paths of today: of a path that is a value of the search and may have moved since, the
// value of the plan that agrees with it from the end in the most parts.
void follow_paths(const StudyPlan& plan, Parameters& parameters);

// The point of a space that has these parameters; nothing where they are none that the searcher makes. The ends of a
// range of reals are not looked at: a searcher may go beyond them.
[[nodiscard]] std::optional<Configuration> point_from(const Space& space, const Parameters& parameters,
                                                      const search::Searcher& searcher);

}  // namespace tuner::study
