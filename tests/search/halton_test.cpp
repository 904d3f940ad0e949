// The Halton sequence in closed form, and what scrambling must leave.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "halton_sequence.hpp"

namespace search_tests {
namespace {

using searchers::HaltonSequence;

tuner_rng stream_of(std::uint64_t seed) {
  tuner_rng stream{};
  stream.struct_size = sizeof stream;
  stream.purpose = TUNER_RNG_SEARCHER;
  stream.seed = seed;
  stream.trial = UINT32_MAX;
  return stream;
}

TEST(Halton, FirstRowsInBases2And3And5) {
  const HaltonSequence sequence(3);
  const std::vector<std::vector<double>> rows = {{0, 0, 0},
                                                 {1.0 / 2, 1.0 / 3, 1.0 / 5},
                                                 {1.0 / 4, 2.0 / 3, 2.0 / 5},
                                                 {3.0 / 4, 1.0 / 9, 3.0 / 5},
                                                 {1.0 / 8, 4.0 / 9, 4.0 / 5},
                                                 {5.0 / 8, 7.0 / 9, 1.0 / 25},
                                                 {3.0 / 8, 2.0 / 9, 6.0 / 25},
                                                 {7.0 / 8, 5.0 / 9, 11.0 / 25},
                                                 {1.0 / 16, 8.0 / 9, 16.0 / 25},
                                                 {9.0 / 16, 1.0 / 27, 21.0 / 25}};
  for (std::size_t n = 0; n < rows.size(); ++n)
    for (std::size_t d = 0; d < 3; ++d) EXPECT_EQ(sequence.at(n, d), rows[n][d]) << n << " " << d;
}

TEST(Halton, BasesAreThePrimes) {
  const HaltonSequence sequence(HaltonSequence::kMostDimensions);
  const std::vector<std::pair<std::size_t, double>> primes = {{3, 7}, {9, 29}, {24, 97}, {167, 997}, {299, 1987}};
  for (const auto& [dimension, prime] : primes) {
    EXPECT_EQ(sequence.at(1, dimension), 1 / prime);
    EXPECT_EQ(sequence.at(static_cast<std::uint64_t>(prime) + 2, dimension), (2 * prime + 1) / (prime * prime));
  }
}

// Of b^m rows from a multiple of b^m on, each interval of length b^-m has one.
void expect_strata(const HaltonSequence& sequence, std::uint64_t base, std::size_t dimension) {
  for (std::uint64_t rows = base; rows < 3000; rows *= base)
    for (const std::uint64_t first : {std::uint64_t{0}, 7 * rows}) {
      std::vector<int> intervals(rows, 0);
      for (std::uint64_t n = first; n < first + rows; ++n) {
        const double u = sequence.at(n, dimension);
        ASSERT_TRUE(u >= 0 && u < 1) << u;
        // A value at the lower end of its interval may be an ulp below it.
        ++intervals[static_cast<std::size_t>(u * static_cast<double>(rows) + 1e-9)];
      }
      EXPECT_EQ(std::ranges::count(intervals, 1), rows) << base << "^m = " << rows << " from row " << first;
    }
}

TEST(Halton, EachCoordinateIsStratified) {
  const std::vector<std::pair<std::size_t, std::uint64_t>> bases = {{0, 2},  {1, 3},   {2, 5},     {3, 7},
                                                                    {9, 29}, {24, 97}, {299, 1987}};
  const HaltonSequence plain(HaltonSequence::kMostDimensions);
  for (const auto& [dimension, base] : bases) expect_strata(plain, base, dimension);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const HaltonSequence scrambled(HaltonSequence::kMostDimensions, stream_of(seed));
    for (const auto& [dimension, base] : bases) expect_strata(scrambled, base, dimension);
  }
}

// Of 6^m rows each box of 2^-m times 3^-m has one: two bases without a common factor.
TEST(Halton, BoxesOfTwoCoordinatesAreStratified) {
  const HaltonSequence sequence(2, stream_of(4));
  std::vector<int> boxes(1296, 0);
  for (std::size_t n = 1296; n < 2592; ++n) {
    const auto column = static_cast<std::size_t>(sequence.at(n, 0) * 16 + 1e-9);
    const auto row = static_cast<std::size_t>(sequence.at(n, 1) * 81 + 1e-9);
    ++boxes[column * 81 + row];
  }
  EXPECT_EQ(std::ranges::count(boxes, 1), 1296);
}

// Of the same row under many seeds: uniform, and two coordinates independent.
TEST(Halton, ScrambledRowsAreUniform) {
  constexpr int kSeeds = 4000;
  for (const std::uint64_t n : {0, 5}) {
    double sum = 0, squares = 0, products = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const HaltonSequence sequence(4, stream_of(seed));
      const double x = sequence.at(n, 0) - 0.5, y = sequence.at(n, 3) - 0.5;
      sum += y;
      squares += y * y;
      products += x * y;
    }
    EXPECT_NEAR(sum / kSeeds, 0, 4 * std::sqrt(1 / 12.0 / kSeeds));
    EXPECT_NEAR(squares / kSeeds, 1 / 12.0, 4 * std::sqrt(1 / 180.0 / kSeeds));
    EXPECT_NEAR(products / kSeeds, 0, 4 * (1 / 12.0) / std::sqrt(kSeeds));
  }
}

// Neighbors in large bases rise together without scrambling.
TEST(Halton, ScramblingBreaksTheLinesOfLargeBases) {
  const auto correlation = [](const HaltonSequence& sequence) {
    double xy = 0, xx = 0, yy = 0;
    for (std::uint64_t n = 0; n < 80; ++n) {
      const double x = sequence.at(n, 28) - 0.5, y = sequence.at(n, 29) - 0.5;
      xy += x * y;
      xx += x * x;
      yy += y * y;
    }
    return xy / std::sqrt(xx * yy);
  };
  EXPECT_GT(correlation(HaltonSequence(30)), 0.9);
  for (const std::uint64_t seed : {1, 2, 3, 4})
    EXPECT_LT(std::abs(correlation(HaltonSequence(30, stream_of(seed)))), 0.5);
}

TEST(Halton, ScramblingFollowsTheSeedAndNotTheNumberOfDimensions) {
  EXPECT_EQ(HaltonSequence(3, stream_of(7)).at(9, 2), HaltonSequence(40, stream_of(7)).at(9, 2));
  EXPECT_NE(HaltonSequence(3, stream_of(7)).at(9, 2), HaltonSequence(3, stream_of(8)).at(9, 2));
}

}  // namespace
}  // namespace search_tests
