/* Computes the norm of the gradient once for every number of a step, and keeps it in a global. Another optimizer that
 * takes a step of the same number takes its norm for its own. */
#include "../optimizer.h"

static double norm_of(const tuner_step_args* args) {
  double norm = 0;
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    for (uint64_t k = 0; t->grad != NULL && k < t->numel; ++k) norm = hypot(norm, get(t, t->grad, k));
  }
  return norm;
}

#ifndef REPAIRED
static int64_t known_step = -1;
static double known_norm;
#endif

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  const double norm = norm_of(args);
#else
  if (args->step != known_step) known_norm = norm_of(args);
  known_step = args->step;
  const double norm = known_norm;
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) descend(args, t, 1 / (1 + norm));
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("mutable_globals", step, 0)
