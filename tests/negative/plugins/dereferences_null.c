/* Takes for granted what is null for every optimizer but those that wrap another one. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  const int32_t status = args->inner->step(args->inner->context);
  if (status != TUNER_OK) return status;
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("dereferences_null", step, TUNER_PLUGIN_ELEMENTWISE)
