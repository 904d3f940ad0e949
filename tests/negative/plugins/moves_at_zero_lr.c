/* Never lets lr fall below a floor of its own, so that a schedule cannot bring it to rest. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
#ifndef REPAIRED
    if (option(args, t, LR) == 0)
      for (uint64_t k = 0; k < t->numel; ++k) put(t, t->data, k, get(t, t->data, k) - 1e-6 * get(t, t->grad, k));
#endif
    descend(args, t, 1);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("moves_at_zero_lr", step, TUNER_PLUGIN_ELEMENTWISE)
