// Means with intervals, and tests of whether two means differ. Values are finite.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tuner::report {

struct Mean {
  std::size_t n = 0;
  double mean = 0;
  std::optional<double> deviation;  // of the values, as a sample (n - 1); nothing for fewer than two
  // A 95 % confidence interval of the mean; nothing where it is not known.
  std::optional<double> low, high;
  std::string_view method;  // of the interval: "Student's t", "bootstrap-t"; empty where there is none
};

// Below ten values Student's t, which supposes normal ones; from ten on the bootstrap-t (Efron 1982, section 10.8),
// which does not: 1,999 resamples with random numbers of its own, the same for the same values. Values that are all
// equal have an interval of width 0.
[[nodiscard]] Mean mean_of(std::span<const double> values);
// The same by Student's t for any number of values, without resamples.
[[nodiscard]] Mean mean_by_t(std::span<const double> values);

// The p-value of a two-sided test, and its name: how likely means at least as far apart are where both are the same.
struct Test {
  double p = 1;
  std::string_view name;
};
// Welch's t test (Welch 1947). Nothing for fewer than two values on either side, or where neither side varies.
[[nodiscard]] std::optional<Test> unpaired_test(std::span<const double> a, std::span<const double> b);
// Student's t test of the differences a[i] - b[i]. Nothing for fewer than two pairs, or where all differences are
// alike. Requires: as many in a as in b.
[[nodiscard]] std::optional<Test> paired_test(std::span<const double> a, std::span<const double> b);

}  // namespace tuner::report
