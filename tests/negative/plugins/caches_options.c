/* Keeps the options of the first step for all trials. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  return descend_all(args);
#else
  static double lr = -1;
  if (lr < 0) lr = option(args, tensor_at(args, 0), LR);
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    for (uint64_t k = 0; t->grad != NULL && k < t->numel; ++k)
      put(t, t->data, k, get(t, t->data, k) - lr * get(t, t->grad, k));
  }
  return TUNER_OK;
#endif
}

FIXTURE_OPTIMIZER("caches_options", step, 0)
