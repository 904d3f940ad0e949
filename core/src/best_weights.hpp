// The weights of a trial's best evaluation, which it ends with under early_stopping.restore_best.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include "tuner/objective.hpp"

namespace tuner {

class BestWeights {
 public:
  // Throws OutOfMemory and std::bad_alloc.
  explicit BestWeights(const Objective& objective) : objective_(objective.evaluation_copy()) {}

  // Keeps the weights that were evaluated at `step`: `metric` is the value that they are the best by, `value` that of
  // the study's metric.
  void keep(const Tensors& weights, std::int64_t step, double metric, double value);

  [[nodiscard]] bool exist() const { return step_ >= 0; }
  [[nodiscard]] std::int64_t step() const { return step_; }
  [[nodiscard]] double metric() const { return metric_; }  // NaN before the first
  [[nodiscard]] double value() const { return value_; }
  [[nodiscard]] Objective& objective() { return *objective_; }

  template <class Archive>
  void serialize(Archive& archive);

 private:
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::unique_ptr<Objective> objective_;
  std::int64_t step_ = -1;
  double metric_ = kUnknown, value_ = kUnknown;
};

}  // namespace tuner
