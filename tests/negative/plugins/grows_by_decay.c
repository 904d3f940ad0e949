/* Adds weight decay where it should subtract it. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    const double twice = 2 * option(args, t, WEIGHT_DECAY);
    for (uint64_t k = 0; k < t->numel; ++k)
      if (twice > 0) put(t, t->grad, k, get(t, t->grad, k) - twice * get(t, t->data, k));
  }
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("grows_by_decay", step, TUNER_PLUGIN_ELEMENTWISE)
