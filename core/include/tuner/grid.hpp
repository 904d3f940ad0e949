// The points of a grid over a space: said here once, for those who read a sweep and those who run it.
#pragma once

#include <cstdint>
#include <vector>

#include "tuner/space.hpp"

namespace tuner {

// Point k, from 0, of those that a grid takes of a range: by its step, else by its count (1 without either). The ends
// of a count are exact, and so is max where the step divides the range but for rounding. Integers are rounded, and may
// meet. Requires k below the count, or the number of steps.
[[nodiscard]] Value grid_point(const Range& range, std::uint64_t k);

// All values that a dimension has in a grid, each once, in order.
[[nodiscard]] std::vector<Value> grid_values(const Dimension& dimension);

// Number of points over the space: the product of the dimensions, a one_of being the sum over its branches; the largest
// uint64 where there are more.
[[nodiscard]] std::uint64_t grid_size(const Space& space);

}  // namespace tuner
