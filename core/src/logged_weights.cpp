#include "logged_weights.hpp"

#include <fmt/format.h>

#include "tuner/error.hpp"

namespace tuner {

void check_logged_weights(const TrialSpec& spec, const Tensors& tensors) {
  if (!spec.training.log_weights) return;
  std::uint64_t count = 0;
  for (const TensorSpec& tensor : tensors.specs())
    if (tensor.is_trained()) count += tensor.numel();
  if (count == 0)
    throw Error(Message::config_impossible,
                fmt::format("log_weights records the weights that are trained, and objective '{}' has none",
                            spec.objective.plugin->id()),
                "remove log_weights");
  if (count > kMostLoggedWeights)
    throw Error(
        Message::config_impossible,
        fmt::format("log_weights records every weight as a curve of its own, at most {}, and objective '{}' has {}",
                    kMostLoggedWeights, spec.objective.plugin->id(), count),
        "remove log_weights, or take a smaller objective");
}

std::vector<double> trained_values(const Tensors& tensors) {
  std::vector<double> values;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors.spec(i).is_trained()) continue;
    const tuner_tensor& tensor = tensors.abi()[i];
    for (std::uint64_t k = 0; k < tensor.numel; ++k)
      values.push_back(tensor.dtype == TUNER_DTYPE_F32 ? static_cast<const float*>(tensor.data)[k]
                                                       : static_cast<const double*>(tensor.data)[k]);
  }
  return values;
}

}  // namespace tuner
