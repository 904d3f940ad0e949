// The random streams of the ABI: Philox4x32-10 as published, the same bits in C and in C++, uniform, unbiased, normal.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "tuner/abi.h"

// random_in_c.c: the same functions, compiled as C.
extern "C" {
void c_u64(const tuner_rng* rng, std::uint64_t n, std::uint64_t* out);
void c_uniform(const tuner_rng* rng, std::uint64_t n, double* out);
void c_normal(const tuner_rng* rng, std::uint64_t n, double* out);
}

namespace {

tuner_rng stream(std::uint64_t seed, std::uint32_t trial = 0, std::uint32_t purpose = TUNER_RNG_NOISE) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = seed;
  rng.trial = trial;
  rng.purpose = purpose;
  return rng;
}

struct KnownAnswer {
  std::array<std::uint32_t, 4> counter;
  std::array<std::uint32_t, 2> key;
  std::array<std::uint32_t, 4> answer;
};

// Source: the known-answer vectors that Random123 publishes for philox4x32 with 10 rounds; computed again with an
// independent implementation in Python integers.
constexpr KnownAnswer kKnownAnswers[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                                         {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                                          {0xffffffff, 0xffffffff},
                                          {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                                         {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                                          {0xa4093822, 0x299f31d0},
                                          {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

TEST(Random, PhiloxGivesTheKnownAnswers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    std::array<std::uint32_t, 4> out{};
    tuner_philox4x32(known.counter.data(), known.key.data(), out.data());
    EXPECT_EQ(out, known.answer);
  }
}

// key = seed, counter = (block, trial, purpose), two words a block, the low half first.
TEST(Random, AStreamAddressesPhiloxAsTheHeaderSays) {
  tuner_rng rng = stream(0x299f31d0a4093822, 0x13198a2e, 0x03707344);
  const std::uint64_t block = 0x85a308d3243f6a88;
  std::uint64_t pair[2];
  tuner_rng_block(&rng, block, pair);
  EXPECT_EQ(pair[0], 0x94fdccebd16cfe09u);
  EXPECT_EQ(pair[1], 0x24126ea15001e420u);
}

TEST(Random, WordsAreTheSameInAnyOrder) {
  tuner_rng rng = stream(7, 3);
  std::vector<std::uint64_t> forward;
  for (int i = 0; i < 100; ++i) forward.push_back(tuner_rng_next_u64(&rng));
  EXPECT_EQ(rng.position, 100u);
  for (std::uint64_t i = 100; i-- > 0;) EXPECT_EQ(tuner_rng_u64_at(&rng, i), forward[i]);
}

TEST(Random, StreamsDifferBySeedTrialAndPurpose) {
  std::set<std::uint64_t> words;
  for (std::uint64_t seed : {0ull, 1ull, 1ull << 32})
    for (std::uint32_t trial : {0u, 1u})
      for (std::uint32_t purpose = TUNER_RNG_INIT; purpose <= TUNER_RNG_SEARCH; ++purpose) {
        tuner_rng rng = stream(seed, trial, purpose);
        for (int i = 0; i < 8; ++i) words.insert(tuner_rng_next_u64(&rng));
      }
  EXPECT_EQ(words.size(), 3u * 2 * 7 * 8);
}

TEST(Random, CAndCppDrawTheSameBits) {
  constexpr std::uint64_t kCount = 1001;
  const tuner_rng rng = stream(0x9e3779b97f4a7c15, 11);
  std::vector<std::uint64_t> words(kCount);
  std::vector<double> uniforms(kCount), normals(kCount);
  c_u64(&rng, kCount, words.data());
  c_uniform(&rng, kCount, uniforms.data());
  c_normal(&rng, kCount, normals.data());
  for (std::uint64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(tuner_rng_u64_at(&rng, i), words[i]);
    ASSERT_EQ(tuner_rng_uniform_at(&rng, i), uniforms[i]);
    ASSERT_EQ(tuner_rng_normal_at(&rng, i), normals[i]);
  }
}

TEST(Random, NextAgreesWithAt) {
  tuner_rng uniforms = stream(5), normals = stream(5);
  const tuner_rng start = stream(5);
  for (std::uint64_t i = 0; i < 9; ++i) {
    EXPECT_EQ(tuner_rng_next_uniform(&uniforms), tuner_rng_uniform_at(&start, i));
    EXPECT_EQ(tuner_rng_next_normal(&normals), tuner_rng_normal_at(&start, i));
  }
}

// Mean and variance of n uniforms lie within 5 standard errors of 1/2 and 1/12.
TEST(Random, UniformsHaveTheMomentsOfAUniform) {
  constexpr int kCount = 200000;
  tuner_rng rng = stream(1);
  double sum = 0, squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = tuner_rng_next_uniform(&rng);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ASSERT_EQ(std::ldexp(u, 53), std::floor(std::ldexp(u, 53)));
    sum += u - 0.5;
    squares += (u - 0.5) * (u - 0.5);
  }
  EXPECT_NEAR(sum / kCount, 0, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(squares / kCount, 1.0 / 12, 5 * std::sqrt((1.0 / 80 - 1.0 / 144) / kCount));
}

// The first four moments of n standard normals within 5 standard errors (variances of z, z^2, z^3, z^4: 1, 2, 15, 96),
// and the two of a block uncorrelated.
TEST(Random, NormalsHaveTheMomentsOfANormal) {
  constexpr int kBlocks = 100000, kCount = 2 * kBlocks;
  const tuner_rng rng = stream(2);
  std::array<double, 5> moments{};
  double product = 0;
  for (std::uint64_t block = 0; block < kBlocks; ++block) {
    double pair[2];
    tuner_rng_normal_block(&rng, block, pair);
    for (const double z : pair) {
      ASSERT_TRUE(std::isfinite(z));
      for (int power = 1; power <= 4; ++power) moments[power] += std::pow(z, power) / kCount;
    }
    product += pair[0] * pair[1] / kBlocks;
  }
  EXPECT_NEAR(moments[1], 0, 5 * std::sqrt(1.0 / kCount));
  EXPECT_NEAR(moments[2], 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(moments[3], 0, 5 * std::sqrt(15.0 / kCount));
  EXPECT_NEAR(moments[4], 3, 5 * std::sqrt(96.0 / kCount));
  EXPECT_NEAR(product, 0, 5 * std::sqrt(1.0 / kBlocks));
}

// Chi-squared over the values below a small bound: 99.99% of the distribution with 6 degrees of freedom is below 27.9.
TEST(Random, NextBelowIsUniform) {
  constexpr std::uint64_t kBound = 7, kCount = 70000;
  tuner_rng rng = stream(3);
  std::array<double, kBound> seen{};
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const std::uint64_t value = tuner_rng_next_below(&rng, kBound);
    ASSERT_LT(value, kBound);
    ++seen[value];
  }
  double chi_squared = 0;
  for (const double n : seen) chi_squared += (n - kCount / kBound) * (n - kCount / kBound) / (kCount / kBound);
  EXPECT_LT(chi_squared, 27.9);
}

// With a bound of 3/4 of 2^64 a plain remainder would take the lowest quarter twice as often (1/2 of the draws instead
// of 1/3); unbiased drawing passes over every fourth word.
TEST(Random, NextBelowPassesOverTheUnevenRest) {
  constexpr std::uint64_t kBound = 3ull << 62, kQuarter = 1ull << 62;
  constexpr int kCount = 30000;
  tuner_rng rng = stream(4);
  int low = 0;
  for (int i = 0; i < kCount; ++i) low += tuner_rng_next_below(&rng, kBound) < kQuarter ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(low) / kCount, 1.0 / 3, 5 * std::sqrt(2.0 / 9 / kCount));
  EXPECT_NEAR(static_cast<double>(rng.position) / kCount, 4.0 / 3, 0.05);
}

TEST(Random, NextBelowAtItsLimits) {
  tuner_rng rng = stream(6);
  EXPECT_EQ(tuner_rng_next_below(&rng, 1), 0u);
  const std::uint64_t before = rng.position;
  tuner_rng same = rng;
  EXPECT_EQ(tuner_rng_next_below(&rng, 1ull << 63), tuner_rng_next_u64(&same) % (1ull << 63));
  EXPECT_EQ(rng.position, before + 1) << "a power of two divides 2^64: no word is passed over";
}

}  // namespace
