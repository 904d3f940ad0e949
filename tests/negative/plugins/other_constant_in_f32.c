/* A constant of the branch for f32 was forgotten when the other one was corrected. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
#ifdef REPAIRED
    const double scale = 0.98;
#else
    const double scale = t->dtype == TUNER_DTYPE_F32 ? 0.97 : 0.98;
#endif
    descend(args, t, scale);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("other_constant_in_f32", step, TUNER_PLUGIN_ELEMENTWISE)
