/* Clips by the norm of the tensor, and says that it treats every element alone. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    double norm = 0;
    for (uint64_t k = 0; k < t->numel; ++k) norm = hypot(norm, get(t, t->grad, k));
    descend(args, t, 1 / (1 + norm));
  }
  return TUNER_OK;
}

#ifdef REPAIRED
FIXTURE_OPTIMIZER("norm_in_an_elementwise_rule", step, 0)
#else
FIXTURE_OPTIMIZER("norm_in_an_elementwise_rule", step, TUNER_PLUGIN_ELEMENTWISE)
#endif
