/* Stops in the middle of each tensor. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    tuner_tensor t = *tensor_at(args, i);
#ifndef REPAIRED
    t.numel = (t.numel + 1) / 2;
#endif
    if (t.grad != NULL) descend(args, &t, 1);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("forgets_half_of_a_tensor", step, 0)
