/* Asks up to three times before it believes that the budget is used up. */
#include "../midpoint.h"

static int32_t step(const tuner_step_args* args) {
  keep(args);
  move(args, 0.5);
  int32_t status = evaluate(args, TUNER_WANT_GRADIENT, NULL);
#ifndef REPAIRED
  for (int again = 0; again < 2 && status == TUNER_STOP; ++again) status = evaluate(args, TUNER_WANT_GRADIENT, NULL);
#endif
  if (status != TUNER_OK) return status;
  move(args, 1);
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("evaluates_after_stop", step, TUNER_PLUGIN_CLOSURE)
