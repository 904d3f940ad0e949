// From what was measured to the lr to train with.
#pragma once

#include <span>

#include "tuner/lr_range/measurements.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::lr_range {

// A short run is best at a larger lr than a long one, so that the best lr of the ladder is divided by kShortRunBias,
// but by no more than the ladder's own noise allows to go down at least that far.
inline constexpr double kShortRunBias = 2;

[[nodiscard]] storage::LrSuggestion recommend(const LrRangeSettings& settings, std::span<const Rung> rungs,
                                              const storage::LrSuggestion& largest_stable,
                                              const storage::LrSuggestion& best_short_run);

}  // namespace tuner::lr_range
