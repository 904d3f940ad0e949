// A regression tree over a box, and what its prediction varies with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tuner::report {

struct Interval {
  double low = 0, high = 0;
  [[nodiscard]] double size() const { return high - low; }
};

class RegressionTree {
 public:
  // A tree of one leaf.
  RegressionTree(std::vector<Interval> box, double value);
  // Splits leaf `leaf` at x[dimension] <= at; the left part keeps its index, the right one gets the next index, which
  // is returned.
  std::size_t split(std::size_t leaf, std::size_t dimension, double at, double left, double right);

  // Splits every leaf in two of at least `least` rows, where the sum of squared errors falls most, until none can be
  // split or its targets are equal. rows: indices of x and y; one that is there twice counts twice. Requires: one leaf.
  void fit(std::span<const std::vector<double>> x, std::span<const double> y, std::vector<std::size_t> rows,
           std::size_t least);

  // Variance of the prediction over the box, and of its mean given x[dimension].
  [[nodiscard]] double variance() const;
  [[nodiscard]] double variance_of(std::size_t dimension) const;

 private:
  struct Leaf {
    std::vector<Interval> box;
    double value;
  };
  [[nodiscard]] double volume_share(const Leaf& leaf, std::size_t without) const;
  [[nodiscard]] double mean() const;

  std::vector<Interval> box_;
  std::vector<Leaf> leaves_;
};

}  // namespace tuner::report
