/* Takes a fourth too much of the gradient, which no rule forbids: only its worked example says otherwise. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  const double scale = 1;
#else
  const double scale = 1.25;
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i)
    if (tensor_at(args, i)->grad != NULL) descend(args, tensor_at(args, i), scale);
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("other_factor", step, TUNER_PLUGIN_ELEMENTWISE,
                  plugin.details =
                      "example  lr 0.1, momentum 0.5: x 1 -2; gradient 0.5 -4 -> 0.95 -1.6; gradient 1 1 -> "
                      "0.825 -1.5")
