// Samples with class labels, split into train, valid and test: what a network learns from, whatever file it stands in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tuner/abi.h"

namespace tuner::objectives {

// Immutable after construction; any number of threads may read.
class LabelledSamples {
 public:
  virtual ~LabelledSamples() = default;

  [[nodiscard]] virtual std::size_t features() const = 0;
  [[nodiscard]] virtual std::size_t classes() const = 0;
  [[nodiscard]] virtual std::uint64_t size(std::uint32_t split) const = 0;

  // Writes the values of the samples, features() each, one sample after another, and their labels, below classes().
  // Errors: std::out_of_range for an index that there is not in the split.
  virtual void gather(std::uint32_t split, std::span<const std::uint64_t> indices, float* values,
                      std::uint32_t* labels) const = 0;
  virtual void gather(std::uint32_t split, std::span<const std::uint64_t> indices, double* values,
                      std::uint32_t* labels) const = 0;
};

}  // namespace tuner::objectives
