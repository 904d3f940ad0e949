#include "tuner/distribution.hpp"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "tuner/grid.hpp"

namespace tuner {
namespace {

namespace policies = boost::math::policies;
// In double alone: the bits are then those of every machine with IEEE arithmetic and the same libm.
using Policy = policies::policy<policies::promote_double<false>, policies::promote_float<false>,
                                policies::overflow_error<policies::ignore_error>>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalfCell = 0x1p-54;       // of the grid of u
constexpr double kLargestInteger = 0x1p53;  // options travel as doubles

// ---- the standardized distributions: of z = (x - mu) / sigma, of z = (ln x - mu) / sigma, of x itself

double standardized(const Range& range, double x) {
  switch (range.distribution) {
    case Distribution::log_normal:
      return x > 0 ? (std::log(x) - range.mu) / range.sigma : -kInfinity;
    case Distribution::beta:
      return std::clamp(x, 0.0, 1.0);
    default:
      return (x - range.mu) / range.sigma;
  }
}

double original(const Range& range, double z) {
  switch (range.distribution) {
    case Distribution::log_normal:
      return std::exp(range.mu + range.sigma * z);
    case Distribution::beta:
      return z;
    default:
      return range.mu + range.sigma * z;
  }
}

// P(Z <= z) = erfc(-z / sqrt 2) / 2, or the regularized incomplete beta function I_z(alpha, beta).
double below(const Range& range, double z) {
  if (range.distribution == Distribution::beta) return boost::math::ibeta(range.alpha, range.beta, z, Policy());
  return std::erfc(-z / std::numbers::sqrt2) / 2;
}
// 1 - P(Z <= z), to its last digits also where it is small.
double above(const Range& range, double z) {
  if (range.distribution == Distribution::beta) return boost::math::ibetac(range.alpha, range.beta, z, Policy());
  return std::erfc(z / std::numbers::sqrt2) / 2;
}

// The z with p below it, or with q above it. Requires 0 < p, q <= 1/2.
double quantile(const Range& range, double p) {
  if (range.distribution == Distribution::beta) return boost::math::ibeta_inv(range.alpha, range.beta, p, Policy());
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p, Policy());
}
double upper_quantile(const Range& range, double q) {
  if (range.distribution == Distribution::beta) return boost::math::ibetac_inv(range.alpha, range.beta, q, Policy());
  return std::numbers::sqrt2 * boost::math::erfc_inv(2 * q, Policy());
}

// What is left of the distribution: the shares outside of it, and its own.
struct Cut {
  double below = 0, above = 0, within = 1;
};

Cut cut_of(const Range& range) {
  const double reach = range.step ? *range.step / 2 : range.integer ? 0.5 : 0;
  const double low = standardized(range, range.min - reach);
  const double high = standardized(range, range.max + reach);
  Cut cut{.below = below(range, low), .above = above(range, high)};
  // In the tail that both ends are in, the difference of the smaller numbers keeps its digits.
  cut.within = cut.below < 0.5 ? below(range, high) - cut.below : above(range, low) - cut.above;
  return cut;
}

double real_quantile(const Range& range, double u) {
  const Cut cut = cut_of(range);
  const double p = cut.below + (u + kHalfCell) * cut.within;
  const double q = cut.above + ((1 - u) - kHalfCell) * cut.within;
  const double x = original(range, p < q ? quantile(range, p) : upper_quantile(range, q));
  return std::clamp(x, -std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
}

}  // namespace

Value random_quantile(const Range& range, double u) {
  const double x = real_quantile(range, u);
  if (range.step) return nearest_step(range, x);
  if (range.integer)
    return static_cast<std::int64_t>(
        std::clamp(std::round(x), std::max(range.min, -kLargestInteger), std::min(range.max, kLargestInteger)));
  const double least =
      range.distribution == Distribution::log_normal ? std::numeric_limits<double>::denorm_min() : range.min;
  return std::clamp(x, std::max(range.min, least), range.max);
}

double share_below(const Range& range, double x) {
  const Cut cut = cut_of(range);
  const double z = standardized(range, x);
  const double share =
      cut.below < 0.5 ? (below(range, z) - cut.below) / cut.within : 1 - (above(range, z) - cut.above) / cut.within;
  return std::clamp(share, 0.0, 1 - 0x1p-53);
}

double share_within(const Range& range) { return std::max(cut_of(range).within, 0.0); }

}  // namespace tuner
