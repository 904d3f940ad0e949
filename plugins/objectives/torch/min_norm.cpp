#include "torch/min_norm.hpp"

#include <algorithm>
#include <cmath>

namespace tuner::objectives {

namespace {

std::vector<double> of_two(double aa, double ab, double bb) {
  const double apart = aa - 2 * ab + bb;
  if (!(apart > 0)) return {0.5, 0.5};
  const double first = std::clamp((bb - ab) / apart, 0.0, 1.0);
  return {first, 1 - first};
}

// Moves weight once; false where nothing is to be gained.
bool move_weight(std::span<const double> gram, std::size_t n, double tolerance, std::vector<double>& weights) {
  std::size_t least = 0, most = n;
  std::vector<double> products(n, 0.0);  // g_i . v
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) products[i] += gram[i * n + j] * weights[j];
  for (std::size_t i = 0; i < n; ++i) {
    if (products[i] < products[least]) least = i;
    if (weights[i] > 0 && (most == n || products[i] > products[most])) most = i;
  }
  const double gap = products[most] - products[least];
  if (!(gap > tolerance)) return false;
  // |v + s (g_least - g_most)|^2 is least at s = gap / |g_least - g_most|^2.
  const double apart = gram[least * n + least] - 2 * gram[least * n + most] + gram[most * n + most];
  const double amount = apart > 0 ? std::min(weights[most], gap / apart) : weights[most];
  weights[least] += amount;
  weights[most] = amount == weights[most] ? 0 : weights[most] - amount;
  return true;
}

}  // namespace

std::vector<double> min_norm_weights(std::span<const double> gram, std::size_t n) {
  std::vector<double> weights(n, 1.0 / static_cast<double>(std::max<std::size_t>(n, 1)));
  if (n < 2 || !std::ranges::all_of(gram, [](double g) { return std::isfinite(g); })) return weights;
  if (n == 2) return of_two(gram[0], gram[1], gram[3]);
  double longest = 0;
  for (std::size_t i = 0; i < n; ++i) longest = std::max(longest, gram[i * n + i]);
  constexpr int kMostMoves = 10000;
  for (int move = 0; move < kMostMoves; ++move)
    if (!move_weight(gram, n, 1e-12 * longest, weights)) break;
  return weights;
}

}  // namespace tuner::objectives
