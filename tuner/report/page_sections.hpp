// Parts of a study's page that are computed of more than one trial: replicates, and what a pruner decided.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/page_columns.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::report {

// A configuration and the values of its trials that were completed.
struct Replicates {
  std::size_t rank = 0;  // 0: the best
  std::int64_t due = 1;
  std::vector<double> values;
  void add(const storage::RunRow& run);
};

// The best 50 configurations by number, without values.
[[nodiscard]] std::map<std::uint64_t, Replicates> shown_configurations(const storage::Store& store,
                                                                       const std::string& study,
                                                                       storage::Damage& damage);
// From the best on: {"configuration", "values", "due", "mean", "low", "high", "method"}; see Mean.
[[nodiscard]] Json replicates_json(const std::map<std::uint64_t, Replicates>& configurations);

// {"steps": [{"step", "continued", "stopped", "paused", "resumed"}], "reports": {"trials", "steps", "values",
// "decisions"}}. How many trials went on at once, stopped, paused, and went on after a pause, at each step at which the
// pruner was asked; and reports as arrays, those of the first trials that make 4,000 of them, with 0: continue, 1:
// stop, 2: pause. Null where it was not asked.
[[nodiscard]] Json pruning_json(const storage::Store& store, const std::string& study, PackedArrays& arrays);

}  // namespace tuner::report
