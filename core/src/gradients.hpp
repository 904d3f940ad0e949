// What the training loop does to gradients between objective and optimizer.
#pragma once

#include <cstdint>

#include "tuner/tensor.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// Of `n` values of a type TUNER_DTYPE_...; integers always are.
[[nodiscard]] bool all_finite(const void* values, std::uint64_t n, std::uint32_t dtype);
[[nodiscard]] bool gradients_finite(const Tensors& tensors);
[[nodiscard]] bool parameters_finite(const Tensors& tensors);
void zero_nonfinite_gradients(Tensors& tensors);

// Adds N(0, eta / (1 + step)^gamma) to every entry. Source: Neelakantan et al. 2015, arXiv 1511.06807, eq. 1.
// Entry i of the gradients, counted over all tensors, takes normal number i from the stream's position on.
void add_noise(Tensors& tensors, const TrainingSettings& settings, std::int64_t step, tuner_rng rng);
// Every entry into [-limit, limit].
void clip_by_value(Tensors& tensors, double limit);
// All gradients together to a Euclidean norm of `limit` where theirs is above it: times limit / norm. Neither the norm
// nor the factor overflows or underflows, whatever finite gradients there are. torch.nn.utils.clip_grad_norm_ adds 1e-6
// to the norm, which shrinks gradients below the limit.
void clip_by_norm(Tensors& tensors, double limit);

}  // namespace tuner
