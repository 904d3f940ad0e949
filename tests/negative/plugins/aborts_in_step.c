/* An assertion that does not hold. */
#include <stdlib.h>

#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  abort();
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("aborts_in_step", step, TUNER_PLUGIN_ELEMENTWISE)
