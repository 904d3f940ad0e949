#include "data/splits.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace tuner::objectives {

RowSplits split_rows(std::uint64_t rows, const SplitShares& shares, const std::string& path) {
  std::vector<std::uint64_t> order(rows);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_DATA;
  rng.seed = shares.seed;
  if (shares.seed != 0)
    for (std::uint64_t i = rows; i > 1; --i) std::swap(order[i - 1], order[tuner_rng_next_below(&rng, i)]);

  const auto part = [&](double share) { return static_cast<std::uint64_t>(share * static_cast<double>(rows)); };
  const std::uint64_t valid = part(shares.valid), test = part(shares.test);
  if (valid + test >= rows)
    throw std::runtime_error(path + " has " + std::to_string(rows) + " rows, of which " + std::to_string(valid) +
                             " are for validation and " + std::to_string(test) +
                             " for test: none is left to train on (valid_share, test_share)");
  const std::uint64_t train = rows - valid - test;
  const std::uint64_t used = shares.train_limit == 0 ? train : std::min(train, shares.train_limit);
  RowSplits splits;
  const auto take = [&](std::uint64_t first, std::uint64_t count) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector<std::uint64_t>(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  splits[TUNER_SPLIT_TRAIN] = take(0, used);
  splits[TUNER_SPLIT_VALID] = take(train, valid);
  splits[TUNER_SPLIT_TEST] = take(train + valid, test);
  return splits;
}

}  // namespace tuner::objectives
