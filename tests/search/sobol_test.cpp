// The Sobol sequence against recorded rows, and what scrambling must leave.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "draws.hpp"
#include "golden.hpp"
#include "sobol_sequence.hpp"

namespace search_tests {
namespace {

using searchers::SobolSequence;

TEST(SobolGolden, Rows) {
  const tuner::Json& recorded = golden("golden.json")["sobol_unscrambled"];
  const SobolSequence sequence(12);
  for (std::size_t n = 0; n < 8; ++n)
    for (std::size_t d = 0; d < 12; ++d) EXPECT_EQ(sequence.at(n, d), recorded["first8"][n][d].get<double>());
  for (std::size_t d = 0; d < 12; ++d) EXPECT_EQ(sequence.at(1000, d), recorded["row1000"][d].get<double>());
  const SobolSequence wide(3000);
  for (std::size_t d = 0; d < 8; ++d) EXPECT_EQ(wide.at(5, 2992 + d), recorded["dim3000_row5_last8"][d].get<double>());
  EXPECT_GT(SobolSequence(SobolSequence::kMostDimensions).at(3, SobolSequence::kMostDimensions - 1), 0);
}

// Source: F. Hickernell, A generalized discrepancy and quadrature error bound, Math. Comp. 67, 1998, the centered one.
double centered_discrepancy(const SobolSequence& sequence, std::size_t rows, std::size_t dimensions) {
  double single = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    double product = 1;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double z = std::abs(sequence.at(i, d) - 0.5);
      product *= 1 + 0.5 * z - 0.5 * z * z;
    }
    single += product;
    for (std::size_t j = 0; j < rows; ++j) {
      product = 1;
      for (std::size_t d = 0; d < dimensions; ++d) {
        const double x = sequence.at(i, d);
        const double y = sequence.at(j, d);
        product *= 1 + 0.5 * (std::abs(x - 0.5) + std::abs(y - 0.5) - std::abs(x - y));
      }
      pairs += product;
    }
  }
  const auto n = static_cast<double>(rows);
  return std::pow(13.0 / 12.0, static_cast<double>(dimensions)) - 2 / n * single + pairs / (n * n);
}

TEST(SobolGolden, CenteredDiscrepancy) {
  const double recorded = golden("golden.json")["sobol_unscrambled"]["centered_discrepancy_256x6"].get<double>();
  EXPECT_NEAR(centered_discrepancy(SobolSequence(6), 256, 6), recorded, 1e-12);
}

tuner_rng stream_of(std::uint64_t seed) {
  tuner_rng stream{};
  stream.struct_size = sizeof stream;
  stream.purpose = TUNER_RNG_SEARCHER;
  stream.seed = seed;
  stream.trial = UINT32_MAX;
  return stream;
}

// The searchers' stream has the numbers of the ABI's, in any order of uniforms and normals.
TEST(Stream, HasTheNumbersOfTheAbi) {
  tuner_rng raw = stream_of(9);
  raw.position = 3;
  searchers::Stream stream(raw);
  for (int i = 0; i < 200; ++i) {
    const bool uniform = i * i % 7 < 3;
    const double expected = uniform ? tuner_rng_next_uniform(&raw) : tuner_rng_next_normal(&raw);
    EXPECT_EQ(uniform ? stream.uniform() : stream.normal(), expected) << i;
  }
}

// Two dimensions of Sobol are a (0, m, 2)-net: of 2^m rows, each box of 2^-a times 2^-b with a + b = m has one.
void expect_net(const SobolSequence& sequence, std::size_t first, unsigned m, std::size_t x, std::size_t y) {
  const std::size_t rows = std::size_t{1} << m;
  for (unsigned a = 0; a <= m; ++a) {
    std::vector<int> boxes(rows, 0);
    for (std::size_t n = first; n < first + rows; ++n) {
      const auto column = static_cast<std::size_t>(std::ldexp(sequence.at(n, x), static_cast<int>(a)));
      const auto row = static_cast<std::size_t>(std::ldexp(sequence.at(n, y), static_cast<int>(m - a)));
      ++boxes[column << (m - a) | row];
    }
    for (const int count : boxes) ASSERT_EQ(count, 1) << a;
  }
}

TEST(Sobol, ScramblingKeepsTheNet) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const SobolSequence sequence(12, stream_of(seed));
    expect_net(sequence, 0, 8, 0, 1);
    expect_net(sequence, 256, 8, 0, 1);
    // Each coordinate alone has one row in each of 512 intervals.
    for (std::size_t d = 0; d < 12; ++d) {
      std::set<int> intervals;
      for (std::size_t n = 512; n < 1024; ++n) intervals.insert(static_cast<int>(sequence.at(n, d) * 512));
      EXPECT_EQ(intervals.size(), 512U);
    }
  }
}

// Of the same row under many seeds: uniform, and two coordinates independent.
TEST(Sobol, ScrambledRowsAreUniform) {
  double sum = 0;
  double squares = 0;
  double products = 0;
  constexpr int kSeeds = 4000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const SobolSequence sequence(2, stream_of(seed));
    const double x = sequence.at(5, 0) - 0.5;
    const double y = sequence.at(5, 1) - 0.5;
    sum += x;
    squares += x * x;
    products += x * y;
  }
  EXPECT_NEAR(sum / kSeeds, 0, 4 * std::sqrt(1 / 12.0 / kSeeds));
  EXPECT_NEAR(squares / kSeeds, 1 / 12.0, 4 * std::sqrt(1 / 180.0 / kSeeds));
  EXPECT_NEAR(products / kSeeds, 0, 4 * (1 / 12.0) / std::sqrt(kSeeds));
}

TEST(Sobol, ScramblingFollowsTheSeed) {
  EXPECT_EQ(SobolSequence(3, stream_of(7)).at(9, 2), SobolSequence(3, stream_of(7)).at(9, 2));
  EXPECT_NE(SobolSequence(3, stream_of(7)).at(9, 2), SobolSequence(3, stream_of(8)).at(9, 2));
}

}  // namespace
}  // namespace search_tests
