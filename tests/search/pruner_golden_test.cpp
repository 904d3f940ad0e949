// What the pruners compute with, against recorded values of Optuna and SciPy.
#include <gtest/gtest.h>

#include <cmath>

#include "golden.hpp"
#include "rungs.hpp"
#include "signed_rank.hpp"

namespace search_tests {
namespace {

TEST(Rungs, CountInIntegers) {
  EXPECT_EQ(pruners::rungs_up_to(243, 1, 3), 6U);  // floor(log(243) / log(3)) + 1 is 5
  EXPECT_EQ(pruners::rungs_up_to(242, 1, 3), 5U);
  EXPECT_EQ(pruners::rungs_up_to(1000, 1, 10), 4U);
  EXPECT_EQ(pruners::rungs_up_to(999, 1, 10), 3U);
  EXPECT_EQ(pruners::rungs_up_to(0, 1, 3), 0U);
  EXPECT_EQ(pruners::rungs_up_to(INT64_MAX, 1, 2), 63U);
  for (std::int64_t eta = 2; eta < 12; ++eta) {
    std::int64_t power = 1;
    for (std::size_t k = 0; power < 1'000'000'000; ++k) {
      EXPECT_EQ(pruners::rung_step(1, eta, k), power);
      EXPECT_EQ(pruners::rungs_up_to(power, 1, eta), k + 1);
      EXPECT_EQ(pruners::rungs_up_to(power * eta - 1, 1, eta), k + 1);
      power *= eta;
    }
  }
}

TEST(Rungs, StopBeforeTheLargestStep) {
  EXPECT_EQ(pruners::rung_step(1, 2, 62), std::int64_t{1} << 62);
  EXPECT_EQ(pruners::rung_step(1, 2, 63), pruners::kNever);
  EXPECT_EQ(pruners::rung_step(1, 10, 1000), pruners::kNever);
}

TEST(Rungs, AreHyperbandsBrackets) {
  const auto& recorded = golden("golden_pruners.json")["hyperband"];
  EXPECT_EQ(pruners::scattered("golden", 0), recorded["crc32_golden_0"].get<std::int64_t>());
  ASSERT_EQ(recorded["cases"].size(), 6U);
  for (const tuner::Json& c : recorded["cases"]) {
    const auto first = c["min"].get<std::int64_t>();
    const auto eta = c["eta"].get<std::int64_t>();
    const std::size_t count = pruners::rungs_up_to(c["max"].get<std::int64_t>(), first, eta);
    EXPECT_EQ(static_cast<std::int64_t>(count), c["n_brackets"].get<std::int64_t>());
    const auto shares = pruners::hyperband_shares(count, eta);
    ASSERT_EQ(shares.size(), c["budgets"].size());
    for (std::size_t b = 0; b < count; ++b) {
      EXPECT_EQ(static_cast<std::int64_t>(shares[b]), c["budgets"][b].get<std::int64_t>());
      EXPECT_EQ(pruners::rung_step(first, eta, b), c["first_rungs"][b].get<std::int64_t>());
    }
    const auto& brackets = c["bracket_of_trial_0_15"];
    for (std::size_t trial = 0; trial < brackets.size(); ++trial) {
      const std::size_t bracket = pruners::bracket_at(pruners::scattered("golden", trial), shares);
      EXPECT_EQ(static_cast<std::int64_t>(bracket), brackets[trial].get<std::int64_t>());
    }
  }
}

// The brackets that Optuna's logarithm loses.
TEST(Rungs, HaveTheSharesOfExactPowers) {
  EXPECT_EQ(pruners::hyperband_shares(pruners::rungs_up_to(243, 1, 3), 3),
            (std::vector<std::uint64_t>{243, 98, 41, 18, 9, 6}));
  EXPECT_EQ(pruners::hyperband_shares(pruners::rungs_up_to(1000, 1, 10), 10),
            (std::vector<std::uint64_t>{1000, 134, 20, 4}));
}

TEST(SignedRank, IsSciPys) {
  pruners::SignedRank test;
  const auto& cases = golden("golden_pruners.json")["wilcoxon"]["cases"];
  ASSERT_EQ(cases.size(), 6U);
  for (const tuner::Json& c : cases) {
    std::vector<double> differences;
    for (const tuner::Json& d : c["diff"]) differences.push_back(d.get<double>());
    EXPECT_NEAR(test.greater(differences), c["greater"].get<double>(), 1e-14);
  }
}

// Against all 2^n signs of the ranks.
TEST(SignedRank, CountsSetsOfRanks) {
  pruners::SignedRank test;
  for (int n = 1; n <= 10; ++n)
    for (int set = 0; set < 1 << n; ++set) {
      const auto sum_of = [n](int signs) {
        int sum = 0;
        for (int rank = 1; rank <= n; ++rank) sum += (signs >> (rank - 1) & 1) * rank;
        return sum;
      };
      int larger = 0;
      for (int other = 0; other < 1 << n; ++other) larger += sum_of(other) >= sum_of(set) ? 1 : 0;
      std::vector<double> differences;
      for (int rank = 1; rank <= n; ++rank) differences.push_back((set >> (rank - 1) & 1) != 0 ? rank : -rank);
      ASSERT_EQ(test.greater(differences), std::ldexp(larger, -n)) << n << " " << set;
    }
}

// The two methods meet where one takes over from the other.
TEST(SignedRank, IsNormalForManyDifferences) {
  pruners::SignedRank test;
  std::vector<double> differences;
  for (int i = 1; i <= 50; ++i) differences.push_back(i % 3 == 0 ? -i : i);
  const double exact = test.greater(differences);
  EXPECT_EQ(test.greater(std::vector<double>(50, 1)), 0x1p-50);
  differences.push_back(0);  // a zero, at the smallest rank
  EXPECT_NEAR(test.greater(differences), exact, 0.003);
  differences.back() = 51;
  differences.erase(differences.begin());
  EXPECT_LT(test.greater(differences), exact);
}

// The differences 1 ... 60, those that 3 divides negative: the sum is 1200, its mean 915, its variance 18452.5. 60
// equal sizes, 40 of them positive: 40 ranks of 30.5, and the variance less (60^3 - 60) / 48.
TEST(SignedRank, CorrectsTheVarianceForTies) {
  pruners::SignedRank test;
  std::vector<double> different;
  std::vector<double> equal;
  for (int i = 1; i <= 60; ++i) different.push_back(i % 3 == 0 ? -i : i);
  for (int i = 1; i <= 60; ++i) equal.push_back(i % 3 == 0 ? -1 : 1);
  EXPECT_NEAR(test.greater(different), std::erfc((1200 - 915) / std::sqrt(18452.5) / std::sqrt(2.0)) / 2, 1e-14);
  EXPECT_NEAR(test.greater(equal), std::erfc((1220 - 915) / std::sqrt(13953.75) / std::sqrt(2.0)) / 2, 1e-14);
}

TEST(SignedRank, TakesInfinities) {
  pruners::SignedRank test;
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(test.greater(std::vector<double>{infinity, infinity, 1}), 0.125);
  EXPECT_EQ(test.greater(std::vector<double>{-infinity, 1, 2}), 0.625);
}

}  // namespace
}  // namespace search_tests
