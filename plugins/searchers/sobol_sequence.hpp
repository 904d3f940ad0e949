// The sequence of Sobol in any dimension up to 3,667, scrambled or not. sobol.cpp makes a searcher of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tuner/abi.h"

namespace searchers {

// Row n, dimension d: the exclusive or of the direction numbers of d at the ones of the Gray code of n, over 2^53.
//
// Scrambled: every dimension's digits are multiplied by a random lower triangular matrix over {0, 1} with ones on the
// diagonal, and shifted by random digits. Each row is then uniform in the unit cube, and 2^m rows from a multiple of
// 2^m on still form a net: each elementary box of volume 2^(t - m) has as many of them as any other. Source: S. Joe, F.
// Kuo, Constructing Sobol sequences with better two-dimensional projections, SIAM J. Sci. Comput. 30, 2008: the
// direction numbers, in Boost's table; J. Matousek, On the L2-discrepancy for anchored boxes, J. Complexity 14, 1998:
// linear matrix scrambling.
class SobolSequence {
 public:
  static constexpr std::size_t kMostDimensions = 3667;
  static constexpr unsigned kDigits = 53;

  explicit SobolSequence(std::size_t dimensions);
  // The same, scrambled by words of a stream at fixed places.
  SobolSequence(std::size_t dimensions, const tuner_rng& stream);

  // Coordinate d of row n, in [0, 1).
  [[nodiscard]] double at(std::uint64_t n, std::size_t dimension) const;

 private:
  void scramble(std::size_t dimension, const tuner_rng& stream);
  std::vector<std::uint64_t> directions_;  // [dimensions][kDigits], the first digit in bit 52
  std::vector<std::uint64_t> shifts_;      // [dimensions]
};

}  // namespace searchers
