// Where the objectives' functions come from: a second library, which needs LibTorch.
#pragma once

#include "tuner/abi.h"

namespace tuner::objectives::torch_objectives {

// The functions of objective `id`. The first call in a process loads the engine and with it LibTorch, which takes about
// as long as all else that a short study does: hence the library that says which objectives there are has none of it.
// Errors (std::runtime_error): the engine is not where it belongs, cannot be loaded, or is of another version.
// Threads: any.
[[nodiscard]] const tuner_objective* engine_objective(const char* id);

}  // namespace tuner::objectives::torch_objectives
