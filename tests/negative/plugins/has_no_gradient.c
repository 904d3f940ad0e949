/* Computes its loss alone. The twin says so, and is for optimizers that need no more. */
#include "../objective.h"

static int32_t loss_alone(void* bound, const tuner_evaluate_args* args) {
  const context* c = bound;
  if (args->want & TUNER_WANT_LOSS) *args->loss = loss_at(c->x);
  return TUNER_OK;
}

#ifdef REPAIRED
FIXTURE_OBJECTIVE("has_no_gradient", loss_alone, functions.hvp = NULL; plugin.flags = TUNER_PLUGIN_DERIVATIVE_FREE;
                  library.min_host_minor = 1)
#else
FIXTURE_OBJECTIVE("has_no_gradient", loss_alone, functions.hvp = NULL)
#endif
