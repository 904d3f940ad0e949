// Arithmetic on the decimals that doubles stand for: 0.1 is one tenth here.
#pragma once

#include <cstdint>
#include <optional>

namespace tuner {

// start + k * step, rounded once. Nothing where the decimals are too far apart for 128 bits. Requires finite numbers.
[[nodiscard]] std::optional<double> decimal_step(double start, double step, std::uint64_t k);

// (start * (n - k) + end * k) / n, rounded once; nothing as above. Requires finite numbers and k <= n, n > 0.
[[nodiscard]] std::optional<double> decimal_between(double start, double end, std::uint64_t k, std::uint64_t n);

// The decimal of at most 14 digits that x is but for rounding, else x.
[[nodiscard]] double short_decimal(double x);

}  // namespace tuner
