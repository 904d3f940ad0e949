/* Moves along the gradient, not against it. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  const double sign = 1;
#else
  const double sign = -1;
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i)
    if (tensor_at(args, i)->grad != NULL) descend(args, tensor_at(args, i), sign);
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("climbs", step, 0)
