// What the replicates of a configuration say together. Plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tuner {

// What a replicate that diverged, failed or timed out does to its configuration.
//   rank_last  it ranks behind all configurations without one
//   ignore     it counts as there, and the mean is that of the others
enum class OnFailure { rank_last, ignore };
inline constexpr const char* kOnFailures[] = {"rank_last", "ignore"};
[[nodiscard]] inline std::string_view to_string(OnFailure rule) { return kOnFailures[static_cast<int>(rule)]; }

struct Aggregate {
  std::size_t count = 0;
  std::optional<double> mean;                // nothing where there are no values
  std::optional<double> standard_deviation;  // of a sample (n - 1); nothing below two values
};

// Values in order of replicate: they are added in this order, so that equal values give equal bits whichever replicate
// ended first. Infinities and NaN go through the sums.
[[nodiscard]] Aggregate aggregate(std::span<const double> values);

}  // namespace tuner
