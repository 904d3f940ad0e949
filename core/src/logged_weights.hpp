// The weights as metrics: training.log_weights.
#pragma once

#include <vector>

#include "tuner/tensor.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// Errors: config.impossible where they are to be logged, and there are none, or too many.
void check_logged_weights(const TrialSpec& spec, const Tensors& tensors);

// What is trained, tensor after tensor.
[[nodiscard]] std::vector<double> trained_values(const Tensors& tensors);

}  // namespace tuner
