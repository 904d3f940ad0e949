// Which rows of a file are for training, validation and test.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tuner/abi.h"

namespace tuner::objectives {

struct SplitShares {
  double valid = 0, test = 0;     // of all rows, rounded down
  std::uint64_t seed = 1;         // rows are shuffled by it; 0: they stay in the order of the file
  std::uint64_t train_limit = 0;  // the first rows of the training split alone; 0: all
};

using RowSplits = std::array<std::vector<std::uint64_t>, TUNER_N_SPLITS>;

// Of the shuffled rows the first are for training, the next for validation, the last for test.
// Errors (std::runtime_error, naming the file): no row is left to train on.
[[nodiscard]] RowSplits split_rows(std::uint64_t rows, const SplitShares& shares, const std::string& path);

}  // namespace tuner::objectives
