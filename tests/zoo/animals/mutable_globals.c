/* Keeps the size of the gradient in a global between the two halves of its step. Another optimizer that steps in
 * another thread meanwhile changes it. */
#include "../optimizer.h"

#ifdef REPAIRED
#define SHARED
#else
#define SHARED static
#endif

static int32_t step(const tuner_step_args* args) {
  SHARED volatile double sum;
  sum = 0;
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    for (uint64_t k = 0; t->grad != NULL && k < t->numel; ++k) sum = hypot(sum, get(t, t->grad, k));
  }
  const double scale = 1 / (1 + sum);
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) descend(args, t, scale);
  }
  return TUNER_OK;
}

ZOO_OPTIMIZER("mutable_globals", step, 0)
