// The tensors of an objective as one vector of double.
#pragma once

#include <span>
#include <vector>

#include "tuner/tensor.hpp"

namespace tuner::lr_range {

[[nodiscard]] std::size_t flat_size(const Tensors& tensors);

// buffers: one per tensor, of its size and type.
void gather(const Tensors& tensors, std::span<const void* const> buffers, std::span<double> flat);
// Rounds to the tensors' types.
void scatter(const Tensors& tensors, std::span<const double> flat, std::span<void* const> buffers);

[[nodiscard]] std::vector<void*> parameter_buffers(const Tensors& tensors);
[[nodiscard]] std::vector<void*> gradient_buffers(const Tensors& tensors);
// The parameters' values.
[[nodiscard]] std::vector<double> parameters_of(const Tensors& tensors);

}  // namespace tuner::lr_range
