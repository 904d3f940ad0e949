/* Counts its calls in a static, and warms up by that count instead of by args->step. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  double warmth = 1;
#ifndef REPAIRED
  static int calls = 0;
  warmth = 1 - 1 / (1.0 + ++calls);
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) descend(args, t, warmth);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("static_counter", step, TUNER_PLUGIN_ELEMENTWISE)
