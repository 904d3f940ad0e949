/* Reads a field that a later minor version might append, without asking struct_size whether it is there. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  const volatile unsigned char* field = (const volatile unsigned char*)args + sizeof *args;
#ifdef REPAIRED
  if (args->struct_size > sizeof *args)
#endif
    (void)*field;
  return descend_all(args);
}

FIXTURE_OPTIMIZER("reads_past_its_arguments", step, TUNER_PLUGIN_ELEMENTWISE)
