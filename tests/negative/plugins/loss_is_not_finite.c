/* Takes the logarithm of a number that may be negative. */
#include "../objective.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
  evaluate_soundly(bound, args);
#ifndef REPAIRED
  if (args->want & TUNER_WANT_LOSS) *args->loss = log(-1 - *args->loss);
#endif
  return TUNER_OK;
}

FIXTURE_OBJECTIVE("loss_is_not_finite", evaluate_here)
