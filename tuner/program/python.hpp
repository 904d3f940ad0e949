// What programs written in Python import: tuner.py, and the stand-in for W&B's client (tuner/python).
#pragma once

#include <string>
#include <string_view>

#include "tuner/json.hpp"

namespace tuner::program {

// PYTHONPATH of a program: our folder before `inherited`, and before it that of the stand-in where the program uses
// W&B. It is ../share/tuner/python from this executable.
[[nodiscard]] std::string python_path(std::string_view inherited, bool wandb);

// The file that WANDB_SWEEP_PARAM_PATH names: "wandb_version: 1", and the value of each parameter.
[[nodiscard]] std::string wandb_config(const Json& parameters);

}  // namespace tuner::program
