// The sequence of Halton in any dimension up to 300, scrambled or not. halton.cpp makes a searcher of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tuner/abi.h"

namespace searchers {

// Row n, dimension d, with b the d-th prime (2, 3, 5, ...) and n = a_0 + a_1 b + a_2 b^2 + ...:
//   u = a_0 / b + a_1 / b^2 + a_2 / b^3 + ...
//
// Scrambled: digit k of dimension d is p_dk(a_k), a random permutation of 0 .. b - 1, for as many digits as 53 bits
// hold. Each row is then uniform in the unit cube, and of b^m rows from a multiple of b^m on each interval of length
// b^-m has one. Source: J. Halton, On the efficiency of certain quasi-random sequences of points in evaluating
// multi-dimensional integrals, Numer. Math. 2, 1960; A. Owen, A randomized Halton algorithm in R, arXiv:1706.02808,
// 2017.
class HaltonSequence {
 public:
  static constexpr std::size_t kMostDimensions = 300;  // whose b^digits is below 2^64

  explicit HaltonSequence(std::size_t dimensions);
  // The same, scrambled by numbers of a stream at fixed places. Costs a draw for every value of every digit: 1.6
  // million of them in 300 dimensions, and 2 bytes for each.
  HaltonSequence(std::size_t dimensions, const tuner_rng& stream);

  // Coordinate d of row n, in [0, 1).
  [[nodiscard]] double at(std::uint64_t n, std::size_t dimension) const;

 private:
  struct Base {
    std::uint32_t prime = 2;
    unsigned digits = 53;                     // the least with prime^digits >= 2^53
    std::vector<std::uint16_t> permutations;  // [digits][prime]; empty: not scrambled
  };
  std::vector<Base> bases_;
};

}  // namespace searchers
