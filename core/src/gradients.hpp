// Gradients: are they finite, and what is in them.
#pragma once

#include <cstdint>

#include "tuner/tensor.hpp"

namespace tuner {

// Of `n` values of a type TUNER_DTYPE_...; integers always are.
[[nodiscard]] bool all_finite(const void* values, std::uint64_t n, std::uint32_t dtype);
[[nodiscard]] bool gradients_finite(const Tensors& tensors);
[[nodiscard]] bool parameters_finite(const Tensors& tensors);
void zero_nonfinite_gradients(Tensors& tensors);

// visit(pointer, n) with the type of the tensor, for every tensor with a gradient.
template <class Visit>
void for_each_gradient(Tensors& tensors, Visit visit) {
  for (const tuner_tensor& t : tensors.abi()) {
    if (t.grad == nullptr) continue;
    if (t.dtype == TUNER_DTYPE_F32)
      visit(static_cast<float*>(t.grad), t.numel);
    else
      visit(static_cast<double*>(t.grad), t.numel);
  }
}

}  // namespace tuner
