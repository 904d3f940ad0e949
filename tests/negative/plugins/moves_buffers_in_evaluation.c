/* Updates its running mean whenever it is evaluated: validation then changes the model. */
#include "../objective.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
  evaluate_soundly(bound, args);
#ifndef REPAIRED
  if (!(args->flags & TUNER_EVALUATE_TRAIN)) move_mean(bound);
#endif
  return TUNER_OK;
}

FIXTURE_OBJECTIVE("moves_buffers_in_evaluation", evaluate_here)
