/* Divides by what is 0 from step 21 on. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  double scale = 1;
#ifndef REPAIRED
  scale = args->step > 20 ? 0.0 / (double)(args->step / 1000) : 1;
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i)
    if (tensor_at(args, i)->grad != NULL) descend(args, tensor_at(args, i), scale);
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("nan_after_twenty_steps", step, 0)
