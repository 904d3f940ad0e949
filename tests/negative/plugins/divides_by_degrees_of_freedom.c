/* Scales by the standard deviation of the gradient, n - 1 in the divisor: 0 / 0 for a tensor of one element. */
#include "../optimizer.h"

static double deviation(const tuner_tensor* t) {
  double mean = 0, sum = 0;
  for (uint64_t k = 0; k < t->numel; ++k) mean += get(t, t->grad, k) / (double)t->numel;
  for (uint64_t k = 0; k < t->numel; ++k) sum = hypot(sum, get(t, t->grad, k) - mean);
#ifdef REPAIRED
  if (t->numel < 2) return 0;
#endif
  return sum / sqrt((double)t->numel - 1);
}

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) descend(args, t, 1 / (1 + deviation(t)));
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("divides_by_degrees_of_freedom", step, 0)
