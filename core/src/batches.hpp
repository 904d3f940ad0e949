// The order of the samples: which ones make up each step's batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tuner/trial.hpp"

namespace tuner {

// The batch of any step, a function of seed, trial and step alone: a resumed trial continues with the same batches.
class Batches {
 public:
  // n: samples of the training split. trial: the number that the order is keyed with.
  Batches(std::uint64_t n, const TrainingSettings& settings, std::uint64_t study_seed, std::uint32_t trial);

  [[nodiscard]] std::int64_t steps_per_epoch() const { return steps_per_epoch_; }  // 0 without samples
  // From now on every epoch takes the samples from the least difficult to the most difficult one; of equal ones the
  // first, and those that are NaN last. difficulty: of each sample.
  void sort_by(const std::vector<double>& difficulty);
  // Valid until the next call. Empty without samples.
  [[nodiscard]] std::span<const std::uint64_t> at(std::int64_t step);

 private:
  void arrange(std::int64_t epoch);
  std::uint64_t batch_size_;
  Shuffle shuffle_;
  tuner_rng rng_{};
  std::int64_t steps_per_epoch_ = 0, epoch_ = -1;
  std::vector<std::uint64_t> order_;
};

}  // namespace tuner
