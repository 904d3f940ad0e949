// What the parts of an LR range test say together: four learning rates for every branch, each with its evidence.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tuner/lr_range/measurements.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::lr_range {

// An lr, or another number, that follows from the parts. low and high: what the seeds, the resolution of the LR grid or
// the bracket leave open. Without a value `note` says why there is none; with one, what to know about it.
using Suggestion = storage::LrSuggestion;

// The names of the four, in this order.
inline constexpr std::string_view kSuggestions[] = {"largest_stable", "steepest", "best_short_run", "recommended"};

// Everything for one branch, the four first, then the limits, then the named rules on the ramps.
[[nodiscard]] std::vector<Suggestion> diagnose(const TestSettings& settings, const std::string& label,
                                               std::span<const MeasuredPart> parts);

// What the tests can cost at most, in gradients (a loss alone counts a third, a product with the Hessian two).
[[nodiscard]] double cost_in_gradients(const StudyPlan& plan);
// What they did cost.
[[nodiscard]] double cost_in_gradients(const Evaluations& evaluations);

}  // namespace tuner::lr_range
