/* Indexes the tensors as an array of the struct that it knows. They lie further apart on a later host. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
#ifdef REPAIRED
    const tuner_tensor* t = tensor_at(args, i);
#else
    const tuner_tensor* t = &args->tensors[i];
#endif
    if (t->grad != NULL) descend(args, t, 1);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("ignores_the_stride", step, TUNER_PLUGIN_ELEMENTWISE)
