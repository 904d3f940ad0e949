/* Takes first_index for the place in data where its part begins; data begins there itself. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    uint64_t begin = 0;
#ifndef REPAIRED
    begin = t->first_index;
#endif
    for (uint64_t k = begin; k < t->numel; ++k)
      put(t, t->data, k, get(t, t->data, k) - option(args, t, LR) * get(t, t->grad, k));
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("misreads_first_index", step, TUNER_PLUGIN_ELEMENTWISE)
