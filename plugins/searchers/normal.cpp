#include "normal.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace searchers {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274178;
constexpr double kTail = -30;  // below it the series is exact to the last digits

double below(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

// numerator[0] + numerator[1] r + ..., over the same of the denominator.
double rational(const double (&numerator)[8], const double (&denominator)[8], double r) {
  double top = numerator[7];
  double bottom = denominator[7];
  for (int i = 6; i >= 0; --i) {
    top = top * r + numerator[i];
    bottom = bottom * r + denominator[i];
  }
  return top / bottom;
}

// Source: M. Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied Statistics 37, 1988,
// PPND16, exact to about 1e-16.
constexpr double kMiddle[][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
    {1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3}};
constexpr double kSides[][8] = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}};
constexpr double kTails[][8] = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}};

// The z with log P(Z <= z) = log_p, far to the left.
double quantile_of_log(double log_p) {
  const double root = std::sqrt(-log_p);
  double z = -rational(kTails[0], kTails[1], std::min(root, 27.0) - 5);
  if (root <= 26) return z;
  // Beyond the range of the fit: Newton's steps on log P, which is concave.
  z = -std::sqrt(-2 * log_p);
  for (int i = 0; i < 8; ++i) {
    const double log_q = log_normal_below(z);
    z -= (log_q - log_p) * std::exp(log_q + 0.5 * z * z + kLogRootTwoPi);
  }
  return z;
}

// The z with P(Z <= z) = p, for p <= 1/2.
double left_quantile(double p) {
  const double q = p - 0.5;
  if (q >= -0.425) return q * rational(kMiddle[0], kMiddle[1], 0.180625 - q * q);
  const double log_p = std::log(p);
  const double root = std::sqrt(-log_p);
  if (root <= 5) return -rational(kSides[0], kSides[1], root - 1.6);
  return quantile_of_log(log_p);
}

}  // namespace

double log_normal_below(double z) {
  if (z > kTail) return z > 5 ? std::log1p(-below(-z)) : std::log(below(z));
  // P(Z <= z) = phi(z) / -z (1 - 1/z^2 + 3/z^4 - 15/z^6 + ...). Source: the same, 26.2.12.
  const double r = 1 / (z * z);
  const double series = 1 - r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r * (1 - 9 * r))));
  return -0.5 * z * z - kLogRootTwoPi - std::log(-z) + std::log(series);
}

double normal_quantile(double p) { return p <= 0.5 ? left_quantile(p) : -left_quantile(1 - p); }

double normal_below(double z) { return below(z); }

double log_normal_mass(double a, double b) {
  if (a > 0) return log_normal_mass(-b, -a);
  if (b > 0) return std::log1p(-below(a) - below(-b));
  if (b > kTail) return std::log(below(b) - below(a));
  const double log_b = log_normal_below(b);
  return log_b + std::log1p(-std::exp(log_normal_below(a) - log_b));
}

double truncated_quantile(double u, double a, double b) {
  // In the left tail all is exact.
  if (a > 0) return -truncated_quantile(1 - u, -b, -a);
  if (u <= 0) return a;
  if (u >= 1) return b;
  if (b >= 0) return truncated_quantile(u, a, b, below(a), below(-b));
  if (b > kTail) {
    const double under = below(a);
    return std::clamp(left_quantile(under + u * (below(b) - under)), a, b);
  }
  const double log_b = log_normal_below(b);
  const double ratio = std::exp(log_normal_below(a) - log_b);
  return std::clamp(quantile_of_log(log_b + std::log(ratio + u * (1 - ratio))), a, b);
}

double truncated_quantile(double u, double a, double b, double under, double over) {
  const double mass = 1 - under - over;
  const double p = under + u * mass;
  const double q = over + (1 - u) * mass;
  return std::clamp(p <= q ? left_quantile(p) : -left_quantile(q), a, b);
}

}  // namespace searchers
