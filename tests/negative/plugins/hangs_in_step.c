/* Waits for a change that never comes. */
#include <unistd.h>

#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  for (;;) pause();
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("hangs_in_step", step, TUNER_PLUGIN_ELEMENTWISE)
