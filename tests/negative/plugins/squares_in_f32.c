/* Normalizes by the root of the square, which is 0 in f32 for a gradient of 1e-30 that is not. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    for (uint64_t k = 0; k < t->numel; ++k) {
      const double g = get(t, t->grad, k);
      double size = fabs(g);
#ifndef REPAIRED
      if (t->dtype == TUNER_DTYPE_F32) {
        const volatile float square = (float)g * (float)g;
        size = sqrtf(square);
      }
#endif
      if (g != 0) put(t, t->data, k, get(t, t->data, k) - option(args, t, LR) * (g / size));
    }
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("squares_in_f32", step, TUNER_PLUGIN_ELEMENTWISE)
