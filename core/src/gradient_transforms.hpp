// Second stage of a training step: what happens to a gradient between objective and optimizer.
#pragma once

#include <cstdint>

#include "tuner/tensor.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// All transforms that the settings ask for, in this order: noise, clip_value, clip_agc, clip_norm. step: updates done.
void transform_gradients(Tensors& tensors, const TrainingSettings& settings, std::int64_t step, const tuner_rng& rng);

// Adds N(0, eta / (1 + step)^gamma) to every entry. Source: Neelakantan et al. 2015, arXiv 1511.06807, eq. 1.
// Entry i of the gradients, counted over all tensors, takes normal number i from the stream's position on.
void add_noise(Tensors& tensors, const TrainingSettings& settings, std::int64_t step, tuner_rng rng);
// Every entry into [-limit, limit].
void clip_by_value(Tensors& tensors, double limit);
// All gradients together, or those of each tensor, to a norm of `limit` where theirs is above it: times limit / norm.
// l2: the Euclidean norm; inf: the largest magnitude. Neither the norm nor the factor overflows or underflows, whatever
// finite gradients there are. torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm, which shrinks gradients below the
// limit.
void clip_by_norm(Tensors& tensors, double limit, NormKind kind = NormKind::l2, NormScope per = NormScope::all);
// Adaptive clipping: the gradient G_i of each unit i of a tensor W to
//   |G_i| <= clip max(|W_i|, eps)      Euclidean norms
// Units are the rows of a tensor (its first extent: outputs of a layer, output channels of a convolution); a vector or
// a scalar is one unit. Tensors of the head are left alone, weights and bias: those of role head, and all of their
// layer. At G = 0 nothing happens; at W = 0 the bound is clip eps.
// Source: Brock, De, Smith, Simonyan 2021, arXiv 2102.06171, section 4, eq. 3.
void clip_adaptively(Tensors& tensors, double clip, double eps);

}  // namespace tuner
