#include "tuner/report/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "tuner/abi.h"

namespace tuner::report {

namespace {

constexpr std::size_t kBootstrapFrom = 10;
constexpr int kResamples = 1999;
constexpr double kTail = 0.025;

double average(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of a sample (n - 1). Requires: two values.
double variance(std::span<const double> values, double mean) {
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size() - 1);
}

double two_sided(double t, double degrees) {
  const boost::math::students_t student(degrees);
  return 2 * boost::math::cdf(boost::math::complement(student, std::abs(t)));
}

// Quantiles 0.025 and 0.975 of (mean* - mean) / error* over resamples of the values.
std::pair<double, double> bootstrap_quantiles(std::span<const double> values, double mean) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = values.size();
  const auto n = static_cast<double>(values.size());
  std::vector<double> sample(values.size()), ratios;
  for (int r = 0; r < kResamples; ++r) {
    for (double& value : sample) value = values[static_cast<std::size_t>(n * tuner_rng_next_uniform(&rng))];
    const double middle = average(sample);
    const double error = std::sqrt(variance(sample, middle) / n);
    // One value again and again: its ratio has no limit.
    ratios.push_back(error > 0 ? (middle - mean) / error : std::copysign(HUGE_VAL, middle - mean));
  }
  std::ranges::sort(ratios);
  const auto at = [&](double p) { return ratios[static_cast<std::size_t>(std::lround(p * (kResamples + 1))) - 1]; };
  return {at(kTail), at(1 - kTail)};
}

}  // namespace

Mean mean_by_t(std::span<const double> values) {
  Mean result;
  result.n = values.size();
  if (values.empty()) return result;
  result.mean = average(values);
  if (values.size() < 2) return result;
  const double deviation = std::sqrt(variance(values, result.mean));
  const double error = deviation / std::sqrt(static_cast<double>(values.size()));
  const boost::math::students_t student(static_cast<double>(values.size() - 1));
  const double reach = boost::math::quantile(student, 1 - kTail) * error;
  result.deviation = deviation;
  result.low = result.mean - reach;
  result.high = result.mean + reach;
  result.method = "Student's t";
  return result;
}

Mean mean_of(std::span<const double> values) {
  Mean result = mean_by_t(values);
  const double error = result.deviation.value_or(0) / std::sqrt(static_cast<double>(values.size()));
  if (error == 0 || values.size() < kBootstrapFrom) return result;
  const auto [low, high] = bootstrap_quantiles(values, result.mean);
  result.low = result.mean - high * error;
  result.high = result.mean - low * error;
  result.method = "bootstrap-t";
  return result;
}

std::optional<Test> unpaired_test(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  const double mean_a = average(a), mean_b = average(b);
  const double error_a = variance(a, mean_a) / static_cast<double>(a.size());
  const double error_b = variance(b, mean_b) / static_cast<double>(b.size());
  const double error = error_a + error_b;
  if (error == 0) return std::nullopt;
  // Welch-Satterthwaite.
  const double degrees =
      error * error /
      (error_a * error_a / static_cast<double>(a.size() - 1) + error_b * error_b / static_cast<double>(b.size() - 1));
  return Test{two_sided((mean_a - mean_b) / std::sqrt(error), degrees), "Welch's t"};
}

std::optional<Test> paired_test(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2) return std::nullopt;
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  const double mean = average(differences);
  const double error = std::sqrt(variance(differences, mean) / static_cast<double>(a.size()));
  if (error == 0) return std::nullopt;
  return Test{two_sided(mean / error, static_cast<double>(a.size() - 1)), "paired t"};
}

}  // namespace tuner::report
