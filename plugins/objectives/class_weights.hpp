// The option class_weights of classifiers: factors on the training loss of a sample, one for each class.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tuner/plugin.hpp"

namespace tuner::objectives {

inline constexpr Param kClassWeightsParam =
    reals("class_weights", "[]", "factor on the training loss of a sample, one for each class; []: 1 for all")
        .at_least(0)
        .at_most(1e6)
        .structural();

// None, or one for each class. Throws Invalid.
inline std::vector<double> class_weights(std::span<const double> given, std::size_t classes) {
  if (!given.empty() && given.size() != classes)
    throw Invalid("class_weights has " + std::to_string(given.size()) + " values, and the data has " +
                  std::to_string(classes) + " classes: give one for each, or none");
  return {given.begin(), given.end()};
}

}  // namespace tuner::objectives
