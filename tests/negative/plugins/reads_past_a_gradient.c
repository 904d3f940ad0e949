/* Looks one element ahead, also from the last one. What it sees there does not matter. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL || t->numel == 0) continue;
    const size_t bytes = t->numel * (t->dtype == TUNER_DTYPE_F32 ? 4 : 8);
    (void)((const volatile unsigned char*)t->grad)[bytes];
  }
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("reads_past_a_gradient", step, TUNER_PLUGIN_ELEMENTWISE)
