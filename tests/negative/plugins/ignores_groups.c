/* Reads the options of the first group for every tensor. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    tuner_tensor t = *tensor_at(args, i);
#ifndef REPAIRED
    t.group = 0;
#endif
    if (t.grad != NULL) descend(args, &t, 1);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("ignores_groups", step, 0)
