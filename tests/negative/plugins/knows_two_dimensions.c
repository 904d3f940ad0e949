/* Counts the elements of a tensor from its first two dimensions. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    tuner_tensor t = *tensor_at(args, i);
#ifndef REPAIRED
    if (t.rank > 2) t.numel = (uint64_t)(t.info->shape[0] * t.info->shape[1]);
#endif
    if (t.grad != NULL) descend(args, &t, 1);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("knows_two_dimensions", step, 0)
