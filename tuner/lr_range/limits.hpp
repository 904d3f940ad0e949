// Largest stable lrs on a quadratic, in closed form: below them every mode of x' = x - lr (...) decays, at any start.
//
// A mode with curvature c leads to a polynomial of the second degree in z (one step); the limit is where its root
// reaches z = -1, in the mode of the largest curvature. For a network, `curvature` is the largest eigenvalue of the
// Hessian at some point, and the limit says where training leaves the neighborhood of that point, not where it fails:
// networks do train above 2 / curvature of their start.
//
// Requires everywhere: momentum, beta1 in [0, 1). A curvature <= 0 has no limit: the result is infinite (of
// adamw_limit: what the decay leaves, 2 / decay). Units: lr. `decay` of the coupled rules (L2, added to the gradient)
// is added to the curvature by the caller.
#pragma once

namespace tuner::lr_range {

// x -= lr g:  2 / c.
[[nodiscard]] double gradient_descent_limit(double curvature);

// v = momentum v + g, x -= lr v:  2 (1 + momentum) / c.  Source: Polyak 1964.
[[nodiscard]] double heavy_ball_limit(double curvature, double momentum);

// v = momentum v + g, x -= lr (g + momentum v), PyTorch's form, and the one with the gradient at the look-ahead point:
// 2 (1 + momentum) / ((1 + 2 momentum) c).
[[nodiscard]] double nesterov_limit(double curvature, double momentum);

// Heavy ball whose gradients enter with the factor 1 - dampening:  2 (1 + momentum) / ((1 - dampening) c). Infinite at
// dampening 1, where only the first gradient enters; 0 above it, where the rule climbs. Ignored at momentum 0, as the
// optimizer does. (Nesterov's form admits no dampening.)
[[nodiscard]] double dampened_limit(double curvature, double momentum, double dampening);

// m = beta m + (1 - beta) g, x -= lr m: dampening = momentum:  2 (1 + beta) / ((1 - beta) c).
[[nodiscard]] double ema_momentum_limit(double curvature, double beta);

// The adaptive rules, with their second moment frozen at P: `curvature` is the largest eigenvalue of P^-1/2 H P^-1/2,
// P = diag(sqrt(v) + eps). On a quadratic the live rules have no limit: v grows with the gradients.

// Adam:  2 (1 + beta1) / ((1 - beta1) c).
[[nodiscard]] double adam_limit(double preconditioned_curvature, double beta1);

// Adam whose decay shrinks x by the factor 1 - lr decay beside the step (AdamW):
// 2 (1 + beta1) / ((1 - beta1) c + (1 + beta1) decay).
[[nodiscard]] double adamw_limit(double preconditioned_curvature, double beta1, double decay);

// Adam with Nesterov's momentum (NAdam at a constant momentum):  2 (1 + beta1) / ((1 - beta1) (1 + 2 beta1) c).
[[nodiscard]] double nadam_limit(double preconditioned_curvature, double beta1);

// RMSprop, b = momentum b + g / P, x -= lr b:  2 (1 + momentum) / c; with momentum 0 Adagrad's and Adadelta's too.
[[nodiscard]] double rmsprop_limit(double preconditioned_curvature, double momentum);

}  // namespace tuner::lr_range
