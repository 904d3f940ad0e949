/* Decays all weights, those that are not to be changed too. */
#include "../optimizer.h"

static void shrink(const tuner_step_args* args, const tuner_tensor* t) {
  const double kept = 1 - option(args, t, LR) * option(args, t, WEIGHT_DECAY);
  for (uint64_t k = 0; k < t->numel; ++k) put(t, t->data, k, kept * get(t, t->data, k));
}

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
#ifdef REPAIRED
    if (t->grad == NULL) continue;
#endif
    shrink(args, t);
    for (uint64_t k = 0; t->grad != NULL && k < t->numel; ++k)
      put(t, t->data, k, get(t, t->data, k) - option(args, t, LR) * get(t, t->grad, k));
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("touches_frozen_tensors", step, TUNER_PLUGIN_ELEMENTWISE, params[WEIGHT_DECAY].default_value = 0.01)
