#include "tuner/lr_range/limits.hpp"

#include <cassert>
#include <limits>

namespace tuner::lr_range {

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

// Where lr * slope reaches `reach`; never, if the slope is not positive.
double reached(double reach, double slope) { return slope > 0 ? reach / slope : kNone; }

}  // namespace

double gradient_descent_limit(double curvature) { return reached(2, curvature); }

// z^2 - (1 + b - lr c) z + b at z = -1:  2 (1 + b) = lr c.
double heavy_ball_limit(double curvature, double momentum) {
  assert(momentum >= 0 && momentum < 1);
  return reached(2 * (1 + momentum), curvature);
}

// z^2 - (1 + b) (1 - lr c) z + b (1 - lr c) at z = -1:  2 (1 + b) = lr c (1 + 2 b).
double nesterov_limit(double curvature, double momentum) {
  assert(momentum >= 0 && momentum < 1);
  return reached(2 * (1 + momentum), (1 + 2 * momentum) * curvature);
}

double dampened_limit(double curvature, double momentum, double dampening) {
  if (momentum == 0 || curvature <= 0) return gradient_descent_limit(curvature);
  if (dampening > 1) return 0;
  return heavy_ball_limit((1 - dampening) * curvature, momentum);
}

double ema_momentum_limit(double curvature, double beta) { return dampened_limit(curvature, beta, beta); }

double adam_limit(double preconditioned_curvature, double beta1) {
  return ema_momentum_limit(preconditioned_curvature, beta1);
}

// With D = lr decay: z^2 - (1 + b - D - lr (1 - b) c) z + b (1 - D) at z = -1:  2 (1 + b) = lr ((1 - b) c + (1 + b)
// decay).
double adamw_limit(double preconditioned_curvature, double beta1, double decay) {
  assert(beta1 >= 0 && beta1 < 1);
  return reached(2 * (1 + beta1), (1 - beta1) * preconditioned_curvature + (1 + beta1) * decay);
}

double nadam_limit(double preconditioned_curvature, double beta1) {
  return nesterov_limit((1 - beta1) * preconditioned_curvature, beta1);
}

double rmsprop_limit(double preconditioned_curvature, double momentum) {
  return heavy_ball_limit(preconditioned_curvature, momentum);
}

}  // namespace tuner::lr_range
