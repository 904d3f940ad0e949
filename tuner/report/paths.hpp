// The paths that optimizers took over a function of two weights, where a study has recorded them (log_weights).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/page_columns.hpp"
#include "tuner/report/regression_tree.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::report {

// Where the function of the paths is looked at.
struct PathBox {
  Interval x, y;
};

// The objective that all trials of the study have, as its canonical plan says; nothing where its options are searched,
// where it is one of several, or where it is a program.
struct PlannedObjective {
  std::string id;
  Json options;  // option: value
};
[[nodiscard]] std::optional<PlannedObjective> planned_objective(const storage::Store& store, const std::string& study);

// Does the plan of the study record weights, in all trials or in some?
[[nodiscard]] bool records_weights(const storage::Store& store, const std::string& study);

// first: the trials whose paths are shown at first, which say what the box is; others: further ones.
// {"list": [{"trial", "at", "count", "measured"}], "steps", "x", "y"}: where the points of a trial begin in the arrays,
// how many they are, and of how many. `box` is set to what encloses the paths of the first ones, without the outermost
// twentieth of their points. Null where no trial has recorded exactly two weights.
[[nodiscard]] Json paths_json(const storage::Store& store, const std::string& study,
                              const std::vector<std::uint64_t>& first, const std::vector<std::uint64_t>& others,
                              PackedArrays& arrays, std::optional<PathBox>& box, storage::Damage& damage);

}  // namespace tuner::report
