#include "tuner/replicates.hpp"

#include <cmath>

namespace tuner {

Aggregate aggregate(std::span<const double> values) {
  Aggregate result{.count = values.size(), .mean = {}, .standard_deviation = {}};
  if (values.empty()) return result;
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  result.mean = mean;
  if (values.size() < 2) return result;
  // Around the mean, in a second pass: of values that nearly agree, squares less squares would leave rounding alone.
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  result.standard_deviation = std::sqrt(squares / (n - 1));
  return result;
}

}  // namespace tuner
