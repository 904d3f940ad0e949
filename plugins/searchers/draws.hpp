// Where the searchers' random numbers come from. Their algorithms are templates over a source of draws, so that a test
// can replay those of another implementation.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "tuner/abi.h"

namespace searchers {

template <class D>
concept Draws = requires(D& draws) {
  { draws.uniform() } -> std::same_as<double>;  // in [0, 1)
  { draws.normal() } -> std::same_as<double>;
};

// The stream of a proposal, on a copy: the host's position stays. The numbers are those of tuner_rng_next_...; as these
// come in pairs, each pair is computed once.
class Stream {
 public:
  explicit Stream(const tuner_rng& rng) : rng_(rng) {}
  double uniform() {
    const std::uint64_t index = rng_.position++;
    if (index >> 1 != word_block_) {
      word_block_ = index >> 1;
      tuner_rng_block(&rng_, word_block_, words_);
    }
    return static_cast<double>(words_[index & 1] >> 11) * 0x1p-53;
  }
  double normal() {
    const std::uint64_t index = rng_.position++;
    if (index >> 1 != normal_block_) {
      normal_block_ = index >> 1;
      tuner_rng_normal_block(&rng_, normal_block_, normals_);
    }
    return normals_[index & 1];
  }

 private:
  static constexpr std::uint64_t kNone = UINT64_MAX;
  tuner_rng rng_;
  std::uint64_t word_block_ = kNone, normal_block_ = kNone;
  std::uint64_t words_[2] = {};
  double normals_[2] = {};
};

}  // namespace searchers
