// The branches of a file, each of which has an LR range test of its own.
#pragma once

#include <string>
#include <vector>

#include "tuner/plan.hpp"

namespace tuner::lr_range {

// A branch of the file: every one_of of objective and optimizer, or of a program's parameters, decided, all else at its
// first value. In a file with {from: lr_range} those alone where it stands; of a program those that have its lr.
struct Branch {
  std::string
      label;  // what is chosen: "adamw", "mlp, lookahead, adam"; without a choice the optimizer's label, "program"
  Configuration point;
};
[[nodiscard]] std::vector<Branch> branches_of(const StudyPlan& plan);

}  // namespace tuner::lr_range
