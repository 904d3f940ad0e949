/* Tells standard output how it goes, in bytes that are not even UTF-8. A plugin's words belong to host->log. */
#include <stdio.h>

#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifdef REPAIRED
  args->host->log(args->host->context, TUNER_LOG_DEBUG, "another step");
#else
  printf("another \"step\" \xe4\xff\n");
  fflush(stdout);
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("prints_in_step", step, TUNER_PLUGIN_ELEMENTWISE)
