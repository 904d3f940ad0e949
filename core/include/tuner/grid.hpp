// The values and the size of a grid over a space: said here once, for those who read a sweep and those who run it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tuner/space.hpp"

namespace tuner {

// Value k, from 0, of those that a grid takes of a range: by its step, else by its count (1 without either). The ends
// of a count are exact, and so is max where the step divides the range but for rounding. Others are the decimals that
// are meant: of a linear scale the double nearest to what the decimals of the file give (0, 0.1, 0.2, 0.3), of the
// other scales what has 14 digits or fewer but for rounding (0.001, 0.01). Integers are rounded, and may meet. Requires
// k below the count, or the number of steps. search_version 1 rounds every operation in binary.
[[nodiscard]] Value grid_value(const Range& range, std::uint64_t k, int search_version = kSearchVersion);

// The value of a range with a step that is nearest to x.
[[nodiscard]] Value nearest_step(const Range& range, double x, int search_version = kSearchVersion);

// How many values a step takes of a range; the largest uint64 where min or max is infinite.
[[nodiscard]] std::uint64_t step_count(const Range& range);

// All values that a dimension has in a grid, each once, in order.
[[nodiscard]] std::vector<Value> grid_values(const Dimension& dimension, int search_version = kSearchVersion);

// The value of a dimension that `text` stands for, as it is displayed or as JSON; nothing where it has no such value.
[[nodiscard]] std::optional<Value> value_from_text(const Dimension& dimension, const std::string& text);
// Its values in words: "a number from 0 to 1", "one of: relu, tanh".
[[nodiscard]] std::string values_text(const Dimension& dimension);

// Number of configurations in the grid: the product of the dimensions, a one_of being the sum over its branches; the
// largest uint64 where there are more.
[[nodiscard]] std::uint64_t grid_size(const Space& space);

// Number of configurations that a search can draw, counted in the same way; nothing where one of them has a value of a
// real range without a step.
[[nodiscard]] std::optional<std::uint64_t> configuration_count(const Space& space);

}  // namespace tuner
