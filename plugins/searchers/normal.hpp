// The standard normal distribution cut to an interval, exact in both tails.
#pragma once

namespace searchers {

// log P(Z <= z).
[[nodiscard]] double log_normal_below(double z);
// The z with P(Z <= z) = p, and 0 < p < 1.
[[nodiscard]] double normal_quantile(double p);
// log P(a <= Z <= b). Requires a <= b.
[[nodiscard]] double log_normal_mass(double a, double b);
// P(Z <= z).
[[nodiscard]] double normal_below(double z);
// The z in [a, b] with share u of the mass of [a, b] below it. Requires a <= b, 0 <= u <= 1.
[[nodiscard]] double truncated_quantile(double u, double a, double b);
// The same where what lies outside is known: under = P(Z <= a), over = P(Z > b). Requires a <= 0 <= b.
[[nodiscard]] double truncated_quantile(double u, double a, double b, double under, double over);

}  // namespace searchers
