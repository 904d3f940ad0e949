// Wilcoxon's signed-rank test, one-sided.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pruners {

class SignedRank {
 public:
  // The probability of a sum of positive ranks that is at least as large, were the differences symmetric around 0: the
  // smaller, the clearer are they above 0. None may be NaN; infinite ones are the largest. Requires differences.
  //
  // Ranks of equal sizes are their mean, and half of the ranks of zeros count (zsplit). As SciPy 1.10: exact for up to
  // 50 differences, none of them 0, with the sum rounded down where ties make it fractional; else the normal
  // distribution, whose variance is corrected for ties, without correction for continuity.
  [[nodiscard]] double greater(std::span<const double> differences);

 private:
  static constexpr std::size_t kMostExact = 50;
  // Of n ranks: the probability of each sum, or a larger one.
  const std::vector<double>& tail(std::size_t n);

  std::vector<std::vector<double>> tails_;  // by n, where asked for
};

}  // namespace pruners
