// A study as the report page has it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/paths.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::report {

struct PageStudy {
  // The study's own object (docs/json.md) and what is computed of it; page_study.cpp has the keys.
  Json description;
  // The arrays that it names, see PackedArrays.
  std::string arrays;
  // Of the paths of its optimizers, where it has them: description["paths"] lacks the function, which only its plugin
  // knows.
  std::optional<PathBox> paths{};
};

// Every trial as columns, the curves of the best hundred and of a hundred others drawn at random, always the same ones,
// and all that the page computes nothing of itself: importance, intervals of replicates, what a pruner decided. Takes
// memory for the columns, and one trial more. Errors: usage.no_such_study.
[[nodiscard]] PageStudy page_study(const storage::Store& store, const std::string& name, storage::Damage& damage);

// The optimizers of the studies as optimizer_ranking.hpp ranks them, with their performance profiles; null where no
// trial has an optimizer.
[[nodiscard]] Json page_ranking(const storage::Store& store, const std::vector<std::string>& names,
                                storage::Damage& damage);

}  // namespace tuner::report
