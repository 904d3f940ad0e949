/* Gives up on behalf of the whole program, with the exit code of success. */
#include <stdlib.h>

#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  exit(0);
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("exits_in_step", step, TUNER_PLUGIN_ELEMENTWISE)
