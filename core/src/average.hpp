// Last stage of a training step: an average of the weights, which the trial is evaluated at.
#pragma once

#include <cstdint>
#include <memory>

#include "tuner/objective.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// theta_t: the weights that the optimizer wants to be judged by after update t.
//
// ema   a_0 = theta_0;  a_t = d_t a_{t-1} + (1 - d_t) theta_t,  d_t = decay, or with warmup min(decay, t / (9 + t))
//       (which is (1 + n) / (10 + n) for n = t - 1 updates before this one).
//       Source: Polyak, Juditsky 1992; the warmup is TensorFlow's ExponentialMovingAverage with num_updates.
// swa   a = mean of theta_t over t = s, s + every, s + 2 every, ... with s = max(1, ceil(start N)) of a run of N
//       updates. Before s nothing is averaged.
//       Source: Izmailov et al. 2018, arXiv 1803.05407, algorithm 1, at the schedule that the trial has.
//
// The objective's statistics (buffers, as of a batch norm) are averaged like weights, as PyTorch's AveragedModel does
// with use_buffers. An update that is skipped is no update here. Sums are made in double and kept in the tensor's type.
class Average {
 public:
  // steps_per_epoch: 0 without epochs. Throws OutOfMemory and std::bad_alloc.
  Average(const Averaging& rule, const Objective& objective, std::int64_t steps_per_epoch);

  // At the weights before the first update.
  void begin(const Tensors& weights);
  // Does update number `done` of `horizon` count?
  [[nodiscard]] bool wants(std::int64_t done, std::int64_t horizon) const;
  // Takes in the weights after an update that counts.
  void add(const Tensors& weights);

  [[nodiscard]] bool exists() const { return rule_.kind == AveragingKind::ema || count_ > 0; }
  // The objective at the average. Requires exists().
  [[nodiscard]] Objective& objective() { return *objective_; }

  template <class Archive>
  void serialize(Archive& archive);

 private:
  Averaging rule_;
  std::int64_t every_;
  std::unique_ptr<Objective> objective_;
  std::int64_t count_ = 0;  // weights taken in
};

}  // namespace tuner
