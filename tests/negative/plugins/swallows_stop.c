/* Takes the end of the budget for an evaluation that went well. */
#include "../midpoint.h"

static int32_t step(const tuner_step_args* args) {
  keep(args);
  move(args, 0.5);
  const int32_t status = evaluate(args, TUNER_WANT_GRADIENT, NULL);
#ifdef REPAIRED
  if (status != TUNER_OK) return status;
#else
  if (status < 0) return status;
#endif
  move(args, 1);
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("swallows_stop", step, TUNER_PLUGIN_CLOSURE)
