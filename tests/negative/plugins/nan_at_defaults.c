/* Divides by what is 0 while the option has its default. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    double scale = 1;
#ifndef REPAIRED
    const double decay = option(args, t, WEIGHT_DECAY);
    scale = decay / decay;
#endif
    descend(args, t, scale);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("nan_at_defaults", step, TUNER_PLUGIN_ELEMENTWISE)
