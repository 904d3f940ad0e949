// The curves of many trials as one: at each step a mean or a median of those that have measured there, with a band.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "tuner/storage/rows.hpp"

namespace tuner::report {

enum class Middle { mean, median };

struct BandPoint {
  std::int64_t step = 0;
  std::uint64_t n = 0;  // values that are finite
  double middle = 0;
  // mean: its 95 % interval by Student's t, nothing for one value; median: the lower and the upper quartile, linear
  // between values.
  std::optional<double> low, high;
  std::optional<double> deviation;  // mean: of the values, as a sample (n - 1)
};

// Takes memory for every value.
class MeanCurve {
 public:
  void add(const std::vector<storage::CurvePoint>& points);
  [[nodiscard]] std::uint64_t trials() const { return trials_; }
  // Values that are not finite, which are left out.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  // By step, of each step at which any value is finite. Orders the values anew.
  [[nodiscard]] std::vector<BandPoint> points(Middle middle);

 private:
  std::map<std::int64_t, std::vector<double>> values_;
  std::uint64_t trials_ = 0, left_out_ = 0;
};

}  // namespace tuner::report
