/* Says that all went well, and leaves everything as it is. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  return descend_all(args);
#else
  (void)args;
  return TUNER_OK;
#endif
}

FIXTURE_OPTIMIZER("does_nothing", step, 0)
