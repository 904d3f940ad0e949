// Intervals and tests of means.
#include "tuner/report/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tuner/abi.h"

namespace tuner::report {
namespace {

using Values = std::vector<double>;

TEST(Statistics, FewValuesHaveStudentsInterval) {
  const Mean mean = mean_of(Values{1, 2, 3, 4});
  EXPECT_EQ(mean.n, 4u);
  EXPECT_DOUBLE_EQ(mean.mean, 2.5);
  EXPECT_DOUBLE_EQ(mean.deviation.value(), std::sqrt(5.0 / 3));
  // 3.18244630528371 is the quantile 0.975 of Student's t with 3 degrees of freedom.
  const double reach = 3.18244630528371 * std::sqrt(5.0 / 3) / 2;
  EXPECT_NEAR(mean.low.value(), 2.5 - reach, 1e-12);
  EXPECT_NEAR(mean.high.value(), 2.5 + reach, 1e-12);
  EXPECT_EQ(mean.method, "Student's t");
}

TEST(Statistics, OneValueAndNoneHaveNoInterval) {
  EXPECT_EQ(mean_of({}).n, 0u);
  const Mean one = mean_of(Values{7});
  EXPECT_EQ(one.mean, 7);
  EXPECT_FALSE(one.deviation);
  EXPECT_FALSE(one.low);
  EXPECT_EQ(one.method, "");
}

TEST(Statistics, EqualValuesHaveAnIntervalOfWidthZero) {
  const Mean mean = mean_of(Values(20, 0.5));
  EXPECT_EQ(mean.low, 0.5);
  EXPECT_EQ(mean.high, 0.5);
}

TEST(Statistics, WelchsTestAgainstScipy) {
  // scipy.stats.ttest_ind(a, b, equal_var=False)
  const auto test =
      unpaired_test(Values{27.5, 21, 19, 23.6, 17, 17.9, 16.9, 20.1}, Values{27.1, 22, 20.8, 23.4, 23.4, 23.5});
  ASSERT_TRUE(test);
  EXPECT_EQ(test->name, "Welch's t");
  EXPECT_NEAR(test->p, 0.07910243230805594, 1e-9);
  EXPECT_FALSE(unpaired_test(Values{1}, Values{1, 2}));
  EXPECT_FALSE(unpaired_test(Values{1, 1}, Values{2, 2}));
}

TEST(Statistics, PairedTest) {
  // Differences 1, 2, 4: mean 7/3, error sqrt(7/9), t = sqrt(7) with two degrees of freedom, whose two-sided p is
  // 1 - t / sqrt(2 + t^2).
  const auto test = paired_test(Values{2, 4, 9}, Values{1, 2, 5});
  ASSERT_TRUE(test);
  const double t = std::sqrt(7.0);
  EXPECT_NEAR(test->p, 1 - t / std::sqrt(2 + t * t), 1e-12);
  EXPECT_FALSE(paired_test(Values{1, 2}, Values{2, 3}));
}

double normal(tuner_rng& rng) {
  const double u = 1 - tuner_rng_next_uniform(&rng), v = tuner_rng_next_uniform(&rng);
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * 3.14159265358979323846 * v);
}

// Share of samples whose interval has the mean.
template <class Draw>
double coverage(std::size_t n, int samples, double mean, Draw draw) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = 20261127 + n;
  int covered = 0;
  for (int s = 0; s < samples; ++s) {
    Values values(n);
    for (double& value : values) value = draw(rng);
    const Mean found = mean_of(values);
    covered += *found.low <= mean && mean <= *found.high ? 1 : 0;
  }
  return static_cast<double>(covered) / samples;
}

TEST(Statistics, NominalIntervalsCoverNormalData) {
  for (const std::size_t n : {3, 5, 10, 30}) {
    const double share = coverage(n, n < 10 ? 1000 : 500, 1, [](tuner_rng& rng) { return 1 + 0.2 * normal(rng); });
    EXPECT_GE(share, 0.93) << n;
    EXPECT_LE(share, 0.97) << n;
    // Of a skewed distribution it is only reported: nothing that knows so few values can promise it.
    const double skewed =
        coverage(n, n < 10 ? 200 : 100, std::exp(0.5), [](tuner_rng& rng) { return std::exp(normal(rng)); });
    RecordProperty("lognormal_" + std::to_string(n), std::to_string(skewed));
    EXPECT_GE(skewed, 0.7) << n;
  }
}

}  // namespace
}  // namespace tuner::report
