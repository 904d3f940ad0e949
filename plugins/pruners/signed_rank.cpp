#include "signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pruners {

double SignedRank::greater(std::span<const double> differences) {
  std::vector<double> sorted(differences.begin(), differences.end());
  std::ranges::sort(sorted, {}, [](double d) { return std::abs(d); });
  const std::size_t n = sorted.size();
  double sum = 0;   // of the ranks of positive differences, and half of those of zeros
  double ties = 0;  // sum of t^3 - t over groups of t equal sizes
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    while (last < n && std::abs(sorted[last]) == std::abs(sorted[first])) ++last;
    const auto t = static_cast<double>(last - first);
    const double rank = static_cast<double>(first + last + 1) / 2;
    ties += t * t * t - t;
    for (; first < last; ++first) {
      if (sorted[first] == 0)
        sum += rank / 2;
      else if (sorted[first] > 0)
        sum += rank;
    }
  }
  if (n <= kMostExact && sorted.front() != 0) return tail(n)[static_cast<std::size_t>(sum)];
  // mean n (n + 1) / 4, variance (n (n + 1) (2n + 1) - sum (t^3 - t) / 2) / 24
  const auto count = static_cast<double>(n);
  const double mean = count * (count + 1) / 4;
  const double variance = (count * (count + 1) * (2 * count + 1) - ties / 2) / 24;
  return std::erfc((sum - mean) / std::sqrt(variance) / std::numbers::sqrt2) / 2;
}

// Of the 2^n sets of ranks 1 ... n, those of each sum: rank after rank is in the set or not. The counts are exact: 2^50
// is below 2^53.
const std::vector<double>& SignedRank::tail(std::size_t n) {
  if (tails_.empty()) tails_.resize(kMostExact + 1);
  std::vector<double>& tail = tails_[n];
  if (!tail.empty()) return tail;
  const std::size_t most = n * (n + 1) / 2;
  tail.assign(most + 1, 0);
  tail[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank)
    for (std::size_t sum = most; sum >= rank; --sum) tail[sum] += tail[sum - rank];
  for (std::size_t sum = most; sum > 0; --sum) tail[sum - 1] += tail[sum];
  for (double& share : tail) share = std::ldexp(share, -static_cast<int>(n));
  return tail;
}

}  // namespace pruners
