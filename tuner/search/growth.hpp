// Spaces that grew: what a study that learns may change in its space and go on.
//
// A space grew from an earlier one when it has the same search parameters in the same order, each of the same kind and
// under the same condition, and each has all values that it had:
//   a list     has the values that it had, in any order. With probabilities it stays as it was
//   a one_of   has the branches that it had, first and in their order; those behind them may have search parameters
//   a range    contains the earlier one, on the same scale and of the same distribution. With a step the earlier values
//              are still among the new ones
// The ends of a range that an LR range test finds are a result of the study; a space with one does not grow.
#pragma once

#include <string>

#include "tuner/space.hpp"

namespace tuner::search {

struct Growth {
  // Why it did not grow, in words that follow the name of a search parameter: "optimizer.lr lost the value 0.1".
  // Empty: it grew, or is the same.
  std::string refusal;
  // Then the earlier space in the search parameters of `now`. Those of new branches have parents in it that lack these,
  // so that they are never active.
  Space earlier;
};

[[nodiscard]] Growth growth_of(const Space& now, const Space& earlier);

}  // namespace tuner::search
