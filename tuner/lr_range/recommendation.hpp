// From what was measured to the lr to train with.
#pragma once

#include <span>

#include "tuner/lr_range/measurements.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::lr_range {

// The lowest lr of the LR grid that is not measurably worse than its best one, divided by this: short runs are best at
// a larger lr than long ones. Chosen on logistic_regression alone, among twelve candidates; docs/lr-range.md has what
// came of it on problems that the choice has not seen.
inline constexpr double kShortRunBias = 1.5;

// From the lowest to the highest best lr of a single seed, the low end with the same factor. Without a best short run
// there is no recommendation.
[[nodiscard]] storage::LrSuggestion recommend(std::span<const GridLr> grid,
                                              const storage::LrSuggestion& best_short_run);

}  // namespace tuner::lr_range
