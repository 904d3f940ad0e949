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

// The stream of a proposal, on a copy: the host's position stays.
class Stream {
 public:
  explicit Stream(const tuner_rng& rng) : rng_(rng) {}
  double uniform() { return tuner_rng_next_uniform(&rng_); }
  double normal() { return tuner_rng_next_normal(&rng_); }
  std::uint64_t below(std::uint64_t bound) { return tuner_rng_next_below(&rng_, bound); }

 private:
  tuner_rng rng_;
};

}  // namespace searchers
