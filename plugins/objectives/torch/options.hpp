// What the objectives on LibTorch have in common of what they say about themselves. Read without LibTorch.
#pragma once

#include <string>

#include "classifier_options.hpp"
#include "param_table.hpp"
#include "tuner/plugin.hpp"

namespace tuner::objectives::torch_objectives {

// The data and its precision, as the classifiers without LibTorch have them: kDataset to kDtype.
inline constexpr std::size_t kImageOptions = kDtype + 1;
inline constexpr auto kImageTable = [] {
  ParamTable<kImageOptions> table{};
  for (std::size_t i = 0; i < kImageOptions; ++i) table.items[i] = kClassifierParams[i];
  return table;
}();

// How an objective with several named losses is minimized.
enum CombineOption { kCombine, kWeights, kCombineOptions };
inline constexpr const char* kCombinations[] = {"sum", "mgda"};
inline constexpr Param kCombineParams[] = {
    choice("combine", kCombinations,
           "sum: the gradient of the weighted sum of the losses; mgda: the shortest convex combination of their "
           "weighted gradients")
        .structural(),
    reals("weights", "[]", "factors of the named losses, in their order; without it 1 each").at_least(0).structural()};

// Throws Invalid where the number of weights is not `losses`.
inline void require_weights(std::size_t weights, std::size_t losses) {
  if (weights != 0 && weights != losses)
    throw Invalid("weights has " + std::to_string(weights) + " numbers, and there are " + std::to_string(losses) +
                  " losses: give one for each, or leave it out");
}

// An objective of the engine: its metadata is Problem's, its functions are the engine's, of the same version.
inline constexpr const char* kEngineFile = "torch/torch_engine.so";
inline constexpr const char* kEngineEntry = "tuner_torch_engine";
inline constexpr const char* kEngineVersion = "1.0.0";
// The functions of objective `id`, or null where engine and caller are of different versions.
using EngineEntry = const tuner_objective*(const char* id, const char* version);

}  // namespace tuner::objectives::torch_objectives
