/* Looks two bytes before its state, which does not begin there. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL && t->numel > 0) (void)*((const volatile unsigned char*)t->slots[VELOCITY] - 2);
  }
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("reads_before_a_slot", step, TUNER_PLUGIN_ELEMENTWISE)
