// Plugins that cannot work together, found before anything runs.
#pragma once

#include <string>

#include "tuner/plan.hpp"

namespace tuner::config {

// Every optimizer of the plan, also inside of another, with every objective and with the training section. Errors at
// `place`: config.impossible for an optimizer that asks for Hessian-vector products and an objective without, for one
// that compares evaluations of different steps on batches, and for what check_wrapping refuses.
void check_pairings(const StudyPlan& plan, const std::string& place);

}  // namespace tuner::config
