/* Ends its slot with a mark, one value behind the last one. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) put(t, t->slots[VELOCITY], t->numel, 1);
  }
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("writes_past_a_slot", step, TUNER_PLUGIN_ELEMENTWISE)
