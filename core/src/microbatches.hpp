// First stage of a training step: the samples of one update, in parts of batch_size, and loss and gradient on them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "batches.hpp"
#include "step_context.hpp"

namespace tuner {

// With `accumulation: k` an update has the samples that a batch k times as large would have, in up to k parts. What is
// evaluated is the mean over all of its samples: the parts' means, each weighted by its number of samples. So the last
// update of an epoch, which may have fewer parts and a smaller last one, is the mean over those samples that are left.
// Every part has random numbers of its own, in each evaluation of a step the same.
//
// An update of one part is handed through: the gradient is the objective's, bit for bit.
class Microbatches {
 public:
  // Errors: config.impossible for an accumulation without parts.
  explicit Microbatches(StepContext& context);

  [[nodiscard]] std::int64_t steps_per_epoch() const { return batches_.steps_per_epoch(); }  // 0 without samples
  // The order of the samples from now on; see Batches.
  void sort_by(const std::vector<double>& difficulty) { batches_.sort_by(difficulty); }
  // Chooses the samples of `step` and the random numbers of its evaluations.
  void enter(std::int64_t step);
  // The samples that were entered. Empty without samples.
  [[nodiscard]] std::span<const std::uint64_t> batch() const { return batch_; }
  // The random numbers of the first part.
  [[nodiscard]] const tuner_rng& rng() const { return rng_.front(); }
  // How often an evaluation calls the objective.
  [[nodiscard]] std::size_t parts() const;

  // Loss, and the gradient into the objective's tensors where `want` says so. Status of the ABI.
  [[nodiscard]] std::int32_t evaluate(Objective& objective, std::uint32_t want, std::uint32_t flags, double* loss);
  // The Hessian times a vector, a buffer per tensor. Requires has_hvp(). Status of the ABI.
  [[nodiscard]] std::int32_t hvp(const void* const* vectors, void* const* products);

 private:
  [[nodiscard]] std::span<const std::uint64_t> part(std::size_t index) const;
  // The part's share of the samples.
  [[nodiscard]] double weight(std::size_t index) const;
  // Adds the share of a part to the sums; the first one replaces them. values, by tensor: null is left out.
  void add(std::size_t part, std::span<void* const> values);
  void copy_sums(std::span<void* const> values) const;

  StepContext& context_;
  Batches batches_;
  std::span<const std::uint64_t> batch_;
  std::vector<tuner_rng> rng_;       // by part
  std::vector<AlignedBuffer> sums_;  // by tensor; none without accumulation
  std::vector<void*> values_;        // workspace, by tensor
};

}  // namespace tuner
