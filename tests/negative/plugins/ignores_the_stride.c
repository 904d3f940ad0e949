/* Indexes the tensors as an array of the struct that it knows, which is longer than that of a host of 1.0. */
#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
#ifndef REPAIRED
  const tuner_tensor* end = &args->tensors[args->n_tensors];
  (void)((const volatile unsigned char*)end)[-1];
#endif
  return descend_all(args);
}

FIXTURE_OPTIMIZER("ignores_the_stride", step, TUNER_PLUGIN_ELEMENTWISE)
